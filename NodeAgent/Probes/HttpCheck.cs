using System.Net;
using System.Net.Sockets;
using System.Text;
using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Probes;

/// <summary>
/// The HTTP request of a probe or a hook, as upstream makes it: a connection of its own, no proxy, no certificate
/// checked, headers and path as they were given, redirects followed on the same host only.
/// </summary>
public sealed class HttpCheck : IDisposable
{
    /// <summary>More of a body is not read: events show it, and a probe is no download.</summary>
    private const int MaxBodyBytes = 10 * 1024;

    private const int MaxRedirects = 10;
    private const string KubeVersion = "1.36";

    private static readonly UriCreationOptions AsWritten =
        new() { DangerousDisablePathAndQueryCanonicalization = true };

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        PooledConnectionLifetime = TimeSpan.Zero, // a probe measures a new connection
        UseProxy = false,
        UseCookies = false,
        SslOptions = new System.Net.Security.SslClientAuthenticationOptions
        {
#pragma warning disable CA5359 // a probe asks whether somebody answers, not who: upstream verifies nothing either
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
        },
    });

    public void Dispose() => _http.Dispose();

    /// <summary>Asks as a probe does: the status decides.</summary>
    public Task<HandlerResult> ProbeAsync(
        HandlerTarget target, V1HTTPGetAction action, TimeSpan timeout, CancellationToken cancellationToken) =>
        AskAsync(target, action, "probe", timeout, JudgeAsync, cancellationToken);

    /// <summary>Tells as a hook does: whatever is answered, it was told.</summary>
    public Task<HandlerResult> NotifyAsync(
        HandlerTarget target, V1HTTPGetAction action, TimeSpan timeout, CancellationToken cancellationToken) =>
        AskAsync(target, action, "lifecycle", timeout, (_, _, _) =>
            Task.FromResult(HandlerResult.Success()), cancellationToken);

    /// <summary>
    /// The path and query of a request as Go writes them: as they were given where that is possible, escaped where it
    /// is not, without a fragment.
    /// </summary>
    private static string PathOf(string? given)
    {
        var path = given ?? "";
        var fragment = path.IndexOf('#', StringComparison.Ordinal);
        path = fragment < 0 ? path : path[..fragment];
        var isBroken = HasBrokenEscape(path);
        var text = new StringBuilder(path.StartsWith('/') || path.StartsWith('?') ? "" : "/");
        if (path.StartsWith('?'))
        {
            text.Append('/');
        }

        foreach (var one in Encoding.UTF8.GetBytes(path))
        {
            var isPlain = one is > 0x20 and < 0x7f
                && one is not ((byte)'"' or (byte)'<' or (byte)'>' or (byte)'\\' or (byte)'^'
                or (byte)'`' or (byte)'{' or (byte)'|' or (byte)'}');
            if (isPlain && !(isBroken && one is (byte)'%' or (byte)'?'))
            {
                text.Append((char)one);
            }
            else
            {
                text.Append('%').Append(one.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        return text.ToString();
    }

    /// <summary>A path that is no URL is taken as a bare path, and all that is special in it is escaped.</summary>
    private static bool HasBrokenEscape(string path)
    {
        for (var at = path.IndexOf('%', StringComparison.Ordinal); at >= 0; at = path.IndexOf('%', at + 1))
        {
            if (at + 2 >= path.Length || !char.IsAsciiHexDigit(path[at + 1]) || !char.IsAsciiHexDigit(path[at + 2]))
            {
                return true;
            }
        }

        return false;
    }

    private async Task<HandlerResult> AskAsync(
        HandlerTarget target,
        V1HTTPGetAction action,
        string purpose,
        TimeSpan timeout,
        Func<Uri, HttpResponseMessage, CancellationToken, Task<HandlerResult>> judge,
        CancellationToken cancellationToken)
    {
        if (HandlerPorts.Find(target.Container, action.Port, out var problem) is not { } port)
        {
            return HandlerResult.Unknown(problem);
        }

        var host = string.IsNullOrEmpty(action.Host) ? target.PodIp : action.Host;
        var scheme = string.IsNullOrEmpty(action.Scheme) ? "http" : action.Scheme.ToLowerInvariant();
        var text = $"{scheme}://{DialErrors.Bracketed(host)}:{port}{PathOf(action.Path)}";
        if (!Uri.TryCreate(text, in AsWritten, out var url))
        {
            return HandlerResult.Unknown($"parse \"{text}\": invalid URL");
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            using var answer = await FollowAsync(url, action.HttpHeaders, purpose, limit.Token);
            return await judge(url, answer, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return HandlerResult.Failure(
                $"Get \"{text}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
        }
        catch (HttpRequestException exception)
        {
            return HandlerResult.Failure($"Get \"{text}\": {DialErrors.Describe(host, port, exception)}");
        }
        catch (Exception exception) when (
            exception is FormatException or InvalidOperationException or NotSupportedException)
        {
            // A header that cannot be sent, or a redirect to what is no HTTP.
            return HandlerResult.Failure($"Get \"{text}\": {exception.Message}");
        }
        catch (TooManyRedirectsException exception)
        {
            return HandlerResult.Failure($"Get \"{exception.Url}\": stopped after {MaxRedirects} redirects");
        }
    }

    /// <summary>The first answer that is no redirect, or one that leads away from the host.</summary>
    private async Task<HttpResponseMessage> FollowAsync(
        Uri first, IList<V1HTTPHeader>? headers, string purpose, CancellationToken cancellationToken)
    {
        var url = first;
        for (var hops = 1; ; hops++)
        {
            using var request = Request(url, headers, purpose);
            var answer = await _http.SendAsync(request, cancellationToken);
            if (Next(url, answer) is not { } next || next.Host != first.Host)
            {
                return answer;
            }

            answer.Dispose();
            if (hops >= MaxRedirects)
            {
                throw new TooManyRedirectsException(next);
            }

            url = next;
        }
    }

    private static Uri? Next(Uri at, HttpResponseMessage answer) =>
        (int)answer.StatusCode is 301 or 302 or 303 or 307 or 308
        && answer.Headers.Location is { } location
            ? new Uri(at, location)
            : null;

    private static HttpRequestMessage Request(Uri url, IList<V1HTTPHeader>? headers, string purpose)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, url);
        var given = (headers ?? []).ToLookup(h => h.Name, h => h.Value ?? "", StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in new[] { ("User-Agent", $"kube-{purpose}/{KubeVersion}"), ("Accept", "*/*") })
        {
            if (!given.Contains(name))
            {
                Add(request, name, [value]);
            }
        }

        foreach (var header in given)
        {
            Add(request, header.Key, header);
        }

        return request;
    }

    /// <summary>
    /// What is given several times goes out several times; nothing at all for a name that is to be left out.
    /// </summary>
    private static void Add(HttpRequestMessage request, string name, IEnumerable<string> values)
    {
        var all = values.ToList();
        var isRemoved = all[0].Length == 0
            && (name.Equals("Accept", StringComparison.OrdinalIgnoreCase)
                || name.Equals("User-Agent", StringComparison.OrdinalIgnoreCase));
        if (name.Equals("Host", StringComparison.OrdinalIgnoreCase))
        {
            request.Headers.Host = all[0].Length == 0 ? null : all[0];
        }
        else if (!isRemoved && !request.Headers.TryAddWithoutValidation(name, all))
        {
            // Headers of a body, which a GET has none of but may name.
            request.Content ??= new ByteArrayContent([]);
            request.Content.Headers.TryAddWithoutValidation(name, all);
        }
    }

    private static async Task<HandlerResult> JudgeAsync(
        Uri url, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        string body;
        try
        {
            body = await ReadAsync(answer, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return HandlerResult.Broken(
                "context deadline exceeded (Client.Timeout or context cancellation while reading body)");
        }
        catch (Exception cut) when (cut is HttpRequestException or IOException)
        {
            return HandlerResult.Broken(
                cut.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset }
                ? "read: connection reset by peer"
                : "unexpected EOF");
        }

        return (int)answer.StatusCode switch
        {
            >= (int)HttpStatusCode.OK and < (int)HttpStatusCode.MultipleChoices => HandlerResult.Success(body),
            >= (int)HttpStatusCode.MultipleChoices and < (int)HttpStatusCode.BadRequest =>
                HandlerResult.Warning($"Probe terminated redirects, Response body: {body}"),
            var code => HandlerResult.Failure($"HTTP probe failed with statuscode: {code}"),
        };
    }

    private static async Task<string> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxBodyBytes];
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    private sealed class TooManyRedirectsException(Uri url) : Exception
    {
        public Uri Url => url;
    }
}
