using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Remote;

/// <summary>What a server is to be shown, where that has to be found out: a certificate that is made for it.</summary>
/// <exception cref="IOException">It cannot be had, so the server is not asked.</exception>
public delegate ValueTask<RemoteTarget> PrepareTarget(RemoteTarget target, CancellationToken cancellationToken);

/// <summary>
/// Asks a server one question in JSON, or for a document. Whatever comes in the way is a Status in the words of
/// upstream's client; it is never asked twice, and never follows a redirection.
/// </summary>
public sealed class RemoteCaller(RemoteConnections connections, TimeProvider time, IMeterFactory? meters = null)
{
    /// <summary>Of an answer that says that something went wrong no more is read.</summary>
    private const int MaxTextBytes = 2048;

    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly CertificateNotes? _notes = meters is null ? null : CertificateNotes.Of(meters, "webhooks");

    /// <summary>The body of a good answer.</summary>
    /// <param name="target">Whom to ask.</param>
    /// <param name="question">What.</param>
    /// <param name="timeout">How long; the server is told.</param>
    /// <param name="maxBytes">How much may be answered.</param>
    /// <param name="cancellationToken">Ends the call; then it throws.</param>
    /// <param name="audit">Is told what is wrong with the server's certificate; null for nobody.</param>
    /// <param name="prepare">Says what the server is to be shown, within the same time; null for what it says.</param>
    public async ValueTask<Outcome<ReadOnlyMemory<byte>>> AskAsync(
        RemoteTarget target, ReadOnlyMemory<byte> question, TimeSpan timeout, int maxBytes,
        CancellationToken cancellationToken, AuditRecord? audit = null, PrepareTarget? prepare = null)
    {
        var url = $"{target.Origin}{target.Path}?timeout={GoDuration.Format(timeout)}";
        using var request = Question(url, question, target);
        var authorization = await AuthorizationOfAsync(target, cancellationToken);
        if (!authorization.Succeeded)
        {
            return Failed(request, authorization.Error.Message);
        }

        if (authorization.Value.Length > 0)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization.Value);
        }

        return await SendAsync(
            target, request, timeout, maxBytes, flaws => _notes?.Note(flaws, target.Host, audit), cancellationToken,
            prepare: prepare);
    }

    /// <summary>A document.</summary>
    /// <param name="target">Whom to ask.</param>
    /// <param name="url">Where it is there.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="maxBytes">How large it may be.</param>
    /// <param name="cancellationToken">Ends the call; then it throws.</param>
    public async ValueTask<Outcome<ReadOnlyMemory<byte>>> FetchAsync(
        RemoteTarget target, string url, TimeSpan timeout, int maxBytes, CancellationToken cancellationToken)
    {
        using var request = Get(url);
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        return await SendAsync(target, request, timeout, maxBytes, static _ => { }, cancellationToken);
    }

    /// <summary>What lies at a place that a token names, in whatever form it is there.</summary>
    /// <param name="target">Whom to ask.</param>
    /// <param name="url">Where it is there.</param>
    /// <param name="bearer">The token that is shown there; empty for none.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="maxBytes">How large it may be.</param>
    /// <param name="refused">
    /// What is said before code and reason of an answer that is not good; the answer's text is told to nobody.
    /// </param>
    /// <param name="cancellationToken">Ends the call; then it throws.</param>
    public async ValueTask<Outcome<ReadOnlyMemory<byte>>> FetchPlainAsync(
        RemoteTarget target, string url, string bearer, TimeSpan timeout, int maxBytes, string refused,
        CancellationToken cancellationToken)
    {
        using var request = Get(url);
        if (bearer.Length > 0)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {bearer}");
        }

        return await SendAsync(
            target, request, timeout, maxBytes, static _ => { }, cancellationToken,
            (response, _) => StatusErrors.ServiceUnavailable(
                FormattableString.Invariant($"{refused}{(int)response.StatusCode} {response.ReasonPhrase}")));
    }

    private static HttpRequestMessage Get(string url) => new(HttpMethod.Get, url)
    {
        Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
    };

    /// <param name="target">Whom to ask.</param>
    /// <param name="request">What.</param>
    /// <param name="timeout">How long.</param>
    /// <param name="maxBytes">How much may be answered.</param>
    /// <param name="note">Is told what is wrong with the server's certificate.</param>
    /// <param name="cancellationToken">Ends the call; then it throws.</param>
    /// <param name="refusal">
    /// What an answer means that is not good, and the beginning of its body; null for what upstream's client says.
    /// </param>
    /// <param name="prepare">Says what the server is to be shown, within the same time; null for what it says.</param>
    private async ValueTask<Outcome<ReadOnlyMemory<byte>>> SendAsync(
        RemoteTarget target, HttpRequestMessage request, TimeSpan timeout, int maxBytes,
        Action<CertificateFlaws> note, CancellationToken cancellationToken,
        Func<HttpResponseMessage, ReadOnlyMemory<byte>, Status>? refusal = null, PrepareTarget? prepare = null)
    {
        using var over = new CancellationTokenSource(timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, over.Token);
        try
        {
            var asked = prepare is null ? target : await prepare(target, both.Token);
            using var response = await connections.Of(asked).SendAsync(request, both.Token);
            note(connections.FlawsOf(asked));
            return await ReadAsync(
                response, maxBytes,
                refusal ?? (static (bad, body) => RemoteRefusal.Of((int)bad.StatusCode, body.Span)), both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Failed(request, "context deadline exceeded");
        }
        catch (Exception failure) when (
            !cancellationToken.IsCancellationRequested
            && failure is HttpRequestException or IOException or AuthenticationException)
        {
            note(RemoteFailure.FlawsOf(failure));
            return Failed(
                request, over.IsCancellationRequested ? "context deadline exceeded" : RemoteFailure.Words(failure));
        }
    }

    /// <summary>A file is read each time, and may be gone, as client-go has it.</summary>
    private static async ValueTask<Outcome<string>> AuthorizationOfAsync(
        RemoteTarget target, CancellationToken cancellationToken)
    {
        if (target.TokenFile.Length == 0)
        {
            return target.Authorization;
        }

        var name = GoText.Quote(target.TokenFile);
        try
        {
            var token = (await File.ReadAllTextAsync(target.TokenFile, cancellationToken)).Trim();
            return token.Length > 0
                ? $"Bearer {token}"
                : StatusErrors.ServiceUnavailable($"read empty token from file {name}");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return StatusErrors.ServiceUnavailable($"failed to read token file {name}: {failure.Message}");
        }
    }

    private static HttpRequestMessage Question(string url, ReadOnlyMemory<byte> question, RemoteTarget target)
    {
        var content = new ReadOnlyMemoryContent(question);
        content.Headers.ContentType = Json;
        var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Content = content,
            Version = target.IsBalanced ? HttpVersion.Version11 : HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.TryAddWithoutValidation("Accept", "application/json, */*");
        request.Headers.TryAddWithoutValidation("User-Agent", "kube-apiserver-admission");
        return request;
    }

    private static async ValueTask<Outcome<ReadOnlyMemory<byte>>> ReadAsync(
        HttpResponseMessage response, int maxBytes, Func<HttpResponseMessage, ReadOnlyMemory<byte>, Status> refusal,
        CancellationToken cancellationToken)
    {
        var isGood = (int)response.StatusCode is >= 200 and <= 206;
        var limit = isGood ? maxBytes : MaxTextBytes;
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var buffer = new MemoryStream();
        var piece = new byte[16 * 1024];
        for (int read; (read = await body.ReadAsync(piece, cancellationToken)) > 0;)
        {
            var room = limit - (int)buffer.Length;
            buffer.Write(piece, 0, Math.Min(read, room));
            if (read > room)
            {
                if (isGood)
                {
                    return StatusErrors.ServiceUnavailable(string.Create(
                        CultureInfo.InvariantCulture, $"http: response body too large (limit is {maxBytes} bytes)"));
                }

                break;
            }
        }

        ReadOnlyMemory<byte> bytes = buffer.GetBuffer().AsMemory(0, (int)buffer.Length);
        return isGood ? bytes : refusal(response, bytes);
    }

    private static Status Failed(HttpRequestMessage request, string why)
    {
        var verb = request.Method == HttpMethod.Get ? "Get" : "Post";
        return StatusErrors.ServiceUnavailable($"{verb} {GoText.Quote(request.RequestUri!.OriginalString)}: {why}");
    }
}
