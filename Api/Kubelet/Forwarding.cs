using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using Yarp.ReverseProxy.Forwarder;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>
/// Hands a request on to another server, upgrades included, without the Authorization header that it came with. Nodes'
/// own streams get no cookies either. Applications keep sessions in cookies, which go along, as upstream's proxy has
/// them do.
/// </summary>
internal static class Forwarding
{
    /// <summary>Upstream's streaming idle time-out.</summary>
    internal static readonly ForwarderRequestConfig Config = new() { ActivityTimeout = TimeSpan.FromHours(4) };

    private static readonly string[] CrossOriginHeaders =
    [
        "Access-Control-Allow-Credentials", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods",
        "Access-Control-Allow-Origin",
    ];

    /// <summary>Whether a client wants another protocol than HTTP.</summary>
    public static bool IsUpgrade(HttpRequest request) =>
        request.Headers.Connection.Any(v => v?.Contains("upgrade", StringComparison.OrdinalIgnoreCase) == true);

    /// <summary>Null when the answer has been sent; else why the server could not be reached.</summary>
    /// <param name="forwarder">Does the work.</param>
    /// <param name="context">The request and its answer.</param>
    /// <param name="target">What to ask for.</param>
    /// <param name="invoker">How to get there.</param>
    /// <param name="path">What of the path stays here; null for the node's own streams, which know nothing of
    /// paths.</param>
    public static async Task<Status?> SendAsync(
        IHttpForwarder forwarder, HttpContext context, Uri target, HttpMessageInvoker invoker, ProxyPath? path = null)
    {
        HttpTransformer transformer = path is null ? new ToNode(target) : new ToServer(target, path);
        var error = await forwarder.SendAsync(
            context, target.GetLeftPart(UriPartial.Authority), invoker, Config, transformer, context.RequestAborted);
        if (error == ForwarderError.None
            || context.Response.HasStarted
            || context.RequestAborted.IsCancellationRequested)
        {
            return null;
        }

        AnswerHeaders.Restart(context.Response);
        var exception = context.Features.Get<IForwarderErrorFeature>()?.Exception;
        if ((exception?.InnerException ?? exception) is AddressNotAllowedException refused)
        {
            return StatusErrors.BadRequest(refused.Message);
        }

        var why = Why(exception, target) ?? error.ToString();
        if (path is not null)
        {
            return StatusErrors.ServiceUnavailable($"error trying to reach service: {why}", 0);
        }

        return StatusErrors.Unknown($"error dialing backend: {why}");
    }

    /// <summary>Why a connection failed, in the words of Go, which people search for.</summary>
    public static string? Why(Exception? exception, Uri target)
    {
        var dial = $"dial tcp {target.Host}:{target.Port}";
        return (exception as SocketException ?? exception?.InnerException as SocketException)?.SocketErrorCode switch
        {
            SocketError.ConnectionRefused => $"{dial}: connect: connection refused",
            SocketError.HostUnreachable => $"{dial}: connect: no route to host",
            SocketError.NetworkUnreachable => $"{dial}: connect: network is unreachable",
            SocketError.TimedOut => $"{dial}: connect: connection timed out",
            _ when SpeaksNoTls(exception) => "tls: first record does not look like a TLS handshake",
            _ when exception is HttpRequestException && exception.GetBaseException() is AuthenticationException =>
                "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            _ when exception is TaskCanceledException => $"{dial}: i/o timeout",
            _ => exception?.Message,
        };
    }

    /// <summary>What came from the other side was no frame: it speaks another protocol. .NET has a type for this kind
    /// of failure, but only words for the cause.</summary>
    private static bool SpeaksNoTls(Exception? exception) =>
        exception is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } failure
        && failure.GetBaseException().Message.Contains("corrupted frame", StringComparison.Ordinal);

    /// <summary>Adds the client to those for whom the request was handed on.</summary>
    internal static void AddClient(HttpContext context, HttpRequestMessage request)
    {
        const string Header = "X-Forwarded-For";
        var client = context.Connection.RemoteIpAddress is { } address ? ClientAddress.TextOf(address) : "";
        var before = context.Request.Headers[Header].ToString();
        SetHeader(request, Header, before.Length > 0 ? $"{before}, {client}" : client);
    }

    /// <summary>Says what was asked for, and an endpoint of who answers: the one that does may be another.</summary>
    internal static void AddPlace(HttpRequestMessage request, Uri place, DnsEndPoint endpoint)
    {
        var host = endpoint.Host.Contains(':', StringComparison.Ordinal) ? $"[{endpoint.Host}]" : endpoint.Host;
        SetHeader(request, "X-Forwarded-Uri", place.AbsolutePath);
        SetHeader(request, "X-Forwarded-Host", FormattableString.Invariant($"{host}:{endpoint.Port}"));
        SetHeader(request, "X-Forwarded-Proto", place.Scheme);
    }

    /// <summary>What runs in the cluster must not decide who may read the API from a browser.</summary>
    /// <param name="response">What it answered; what this server says of its own stays.</param>
    internal static void RemoveCrossOrigin(HttpResponseMessage? response)
    {
        foreach (var name in CrossOriginHeaders)
        {
            response?.Headers.Remove(name);
        }
    }

    private static void SetHeader(HttpRequestMessage request, string name, string value)
    {
        request.Headers.Remove(name);
        request.Headers.TryAddWithoutValidation(name, value);
    }

    /// <param name="target">What to ask for.</param>
    /// <param name="keepsCookies">Whether they go along: to applications, and not to nodes, which keep none.</param>
    private class ToNode(Uri target, bool keepsCookies = false) : HttpTransformer
    {
        public override async ValueTask TransformRequestAsync(
            HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
            proxyRequest.RequestUri = target;
            proxyRequest.Headers.Host = null;
            proxyRequest.Headers.Remove("Authorization");
            if (!keepsCookies)
            {
                proxyRequest.Headers.Remove("Cookie");
            }
        }
    }

    private sealed class ToServer(Uri target, ProxyPath path) : ToNode(target, keepsCookies: true)
    {
        private readonly Uri _target = target;

        public override async ValueTask TransformRequestAsync(
            HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix,
            CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
            var uri = GoUrl.TryUnescapePath(_target.AbsolutePath, out var below) ? Links(httpContext).Below(below) : "";
            SetHeader(proxyRequest, "X-Forwarded-Uri", Ascii.IsValid(uri) && !uri.Any(char.IsControl)
                ? uri : GoUrl.EscapePath(uri));
            AddClient(httpContext, proxyRequest);
            proxyRequest.Headers.Host = httpContext.Request.Host.Value;
        }

        public override async ValueTask<bool> TransformResponseAsync(
            HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
        {
            var location = proxyResponse?.Headers.TryGetValues("Location", out var given) == true ? given.First() : "";
            if (proxyResponse?.Content.Headers.ContentType?.MediaType == "text/html"
                && location.Length == 0
                && !HttpMethods.IsHead(httpContext.Request.Method))
            {
                await RewriteAsync(proxyResponse, Links(httpContext), cancellationToken);
            }

            RemoveCrossOrigin(proxyResponse);
            var copied = await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
            if (location.Length > 0)
            {
                httpContext.Response.Headers.Location = Links(httpContext).Rewrite(location);
            }

            return copied;
        }

        private static async Task RewriteAsync(
            HttpResponseMessage response, ProxyLinks links, CancellationToken cancellationToken)
        {
            var encoding = string.Join(',', response.Content.Headers.ContentEncoding);
            var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            if (HtmlLinksStream.Of(body, encoding, new HtmlLinks(links.Rewrite)) is not { } rewritten)
            {
                return;
            }

            var content = new StreamContent(rewritten);
            foreach (var (name, values) in response.Content.Headers.NonValidated)
            {
                if (!name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
                {
                    content.Headers.TryAddWithoutValidation(name, values);
                }
            }

            response.Content = content;
        }

        private ProxyLinks Links(HttpContext context) => new(
            GoUrl.TryUnescapePath(path.Prefix, out var prefix) ? prefix : path.Prefix,
            $"{_target.Host}:{_target.Port}",
            context.Request.Host.Value ?? "");
    }
}
