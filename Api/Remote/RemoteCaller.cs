using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Remote;

/// <summary>
/// Asks a server one question in JSON, or for a document. Whatever comes in the way is a Status in the words of
/// upstream's client; it is never asked twice, and never follows a redirection.
/// </summary>
public sealed class RemoteCaller(RemoteConnections connections, TimeProvider time)
{
    /// <summary>Of an answer that says that something went wrong no more is read.</summary>
    private const int MaxTextBytes = 2048;

    private static readonly MediaTypeHeaderValue Json = new("application/json");

    /// <summary>The body of a good answer.</summary>
    /// <param name="target">Whom to ask.</param>
    /// <param name="question">What.</param>
    /// <param name="timeout">How long; the server is told.</param>
    /// <param name="maxBytes">How much may be answered.</param>
    /// <param name="cancellationToken">Ends the call; then it throws.</param>
    public async ValueTask<Outcome<ReadOnlyMemory<byte>>> AskAsync(
        RemoteTarget target, ReadOnlyMemory<byte> question, TimeSpan timeout, int maxBytes,
        CancellationToken cancellationToken)
    {
        var url = $"{target.Origin}{target.Path}?timeout={GoDuration.Format(timeout)}";
        using var request = Question(url, question, target);
        if (await AuthorizationOfAsync(target, cancellationToken) is { Length: > 0 } authorization)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        return await SendAsync(target, request, timeout, maxBytes, cancellationToken);
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
        using var request = new HttpRequestMessage(HttpMethod.Get, url)
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        return await SendAsync(target, request, timeout, maxBytes, cancellationToken);
    }

    private async ValueTask<Outcome<ReadOnlyMemory<byte>>> SendAsync(
        RemoteTarget target, HttpRequestMessage request, TimeSpan timeout, int maxBytes,
        CancellationToken cancellationToken)
    {
        using var over = new CancellationTokenSource(timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, over.Token);
        try
        {
            using var response = await connections.Of(target).SendAsync(request, both.Token);
            return await ReadAsync(response, maxBytes, both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Failed(request, "context deadline exceeded");
        }
        catch (Exception failure) when (
            !cancellationToken.IsCancellationRequested
            && failure is HttpRequestException or IOException or AuthenticationException)
        {
            return Failed(
                request, over.IsCancellationRequested ? "context deadline exceeded" : RemoteFailure.Words(failure));
        }
    }

    private static async ValueTask<string> AuthorizationOfAsync(
        RemoteTarget target, CancellationToken cancellationToken)
    {
        if (target.TokenFile.Length == 0)
        {
            return target.Authorization;
        }

        var token = await File.ReadAllTextAsync(target.TokenFile, cancellationToken);
        return $"Bearer {token.Trim()}";
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
        HttpResponseMessage response, int maxBytes, CancellationToken cancellationToken)
    {
        var code = (int)response.StatusCode;
        var isGood = code is >= 200 and <= 206;
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
        return isGood ? bytes : RemoteRefusal.Of(code, bytes.Span);
    }

    private static Status Failed(HttpRequestMessage request, string why)
    {
        var verb = request.Method == HttpMethod.Get ? "Get" : "Post";
        return StatusErrors.ServiceUnavailable($"{verb} {GoText.Quote(request.RequestUri!.OriginalString)}: {why}");
    }
}
