using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Aggregation;

/// <summary>A request of this server's own to a server of aggregated APIs.</summary>
internal sealed record RemoteQuestion(HttpMethod Method, string PathAndQuery)
{
    /// <summary>Discovery of all groups, and lists of metadata, are the longest that are asked for.</summary>
    private const int MaxBytes = 16 * 1024 * 1024;

    public string Accept { get; init; } = "application/json";

    /// <summary>The tag of what is known already.</summary>
    public string ETag { get; init; } = "";

    public ReadOnlyMemory<byte> Body { get; init; }

    public string ContentType { get; init; } = "application/json";

    /// <summary>For whom it is.</summary>
    public UserIdentity User { get; init; } = new() { Name = "system:kube-aggregator", Groups = ["system:masters"] };

    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Asks, once; throws only when it is cancelled.</summary>
    public async ValueTask<RemoteAnswer> AskAsync(
        RemoteTarget target, HttpMessageInvoker invoker, TimeProvider time, CancellationToken cancellationToken)
    {
        using var over = new CancellationTokenSource(Timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, over.Token);
        try
        {
            using var request = Make(target);
            return RemoteUser.Write(request.Headers, User) is { } header
                ? RemoteAnswer.Failed($"net/http: invalid header field value for {GoText.Quote(header)}")
                : await SendAsync(request, invoker, both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return RemoteAnswer.Failed("context deadline exceeded");
        }
        catch (Exception failure) when (
            !cancellationToken.IsCancellationRequested
            && failure is HttpRequestException or IOException or AuthenticationException)
        {
            return RemoteAnswer.Failed(
                over.IsCancellationRequested ? "context deadline exceeded" : RemoteFailure.Words(failure));
        }
    }

    private static async ValueTask<RemoteAnswer> SendAsync(
        HttpRequestMessage request, HttpMessageInvoker invoker, CancellationToken cancellationToken)
    {
        using var response = await invoker.SendAsync(request, cancellationToken);
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var buffer = new MemoryStream();
        var piece = new byte[16 * 1024];
        for (int read; (read = await body.ReadAsync(piece, cancellationToken)) > 0;)
        {
            if (buffer.Length + read > MaxBytes)
            {
                return RemoteAnswer.Failed(
                    FormattableString.Invariant($"http: response body too large (limit is {MaxBytes} bytes)"));
            }

            buffer.Write(piece, 0, read);
        }

        return new RemoteAnswer(
            (int)response.StatusCode, buffer.GetBuffer().AsMemory(0, (int)buffer.Length),
            response.Headers.ETag?.ToString() ?? "");
    }

    private HttpRequestMessage Make(RemoteTarget target)
    {
        var request = new HttpRequestMessage(Method, target.Origin + PathAndQuery)
        {
            Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.TryAddWithoutValidation("Accept", Accept);
        if (ETag.Length > 0)
        {
            request.Headers.TryAddWithoutValidation("If-None-Match", ETag);
        }

        if (!Body.IsEmpty)
        {
            request.Content = new ReadOnlyMemoryContent(Body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(ContentType);
        }

        return request;
    }
}
