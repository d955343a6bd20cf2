using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using OrleansOrchestrator.Interfaces.Kernel;
using Yarp.ReverseProxy.Forwarder;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>
/// Hands a request on to another server, upgrades included, without the credentials that it came with.
/// </summary>
internal static class Forwarding
{
    /// <summary>Upstream's streaming idle time-out.</summary>
    private static readonly ForwarderRequestConfig Config = new() { ActivityTimeout = TimeSpan.FromHours(4) };

    private static readonly string[] CrossOriginHeaders =
    [
        "Access-Control-Allow-Credentials", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods",
        "Access-Control-Allow-Origin",
    ];

    /// <summary>Null when the answer has been sent; else why the server could not be reached.</summary>
    /// <param name="forwarder">Does the work.</param>
    /// <param name="context">The request and its answer.</param>
    /// <param name="target">What to ask for.</param>
    /// <param name="invoker">How to get there.</param>
    /// <param name="prefix">Where the client sees the server's root; null for the node's own streams, which know
    /// nothing of paths.</param>
    public static async Task<Status?> SendAsync(
        IHttpForwarder forwarder, HttpContext context, Uri target, HttpMessageInvoker invoker, string? prefix = null)
    {
        var error = await forwarder.SendAsync(
            context, target.GetLeftPart(UriPartial.Authority), invoker, Config, new ToTarget(target, prefix),
            context.RequestAborted);
        if (error == ForwarderError.None
            || context.Response.HasStarted
            || context.RequestAborted.IsCancellationRequested)
        {
            return null;
        }

        context.Response.Clear();
        var exception = context.Features.Get<IForwarderErrorFeature>()?.Exception;
        var why = Why(exception, target) ?? error.ToString();
        if (prefix is not null)
        {
            return StatusErrors.ServiceUnavailable($"error trying to reach service: {why}", 0);
        }

        var message = $"error dialing backend: {why}";
        return new Status { Code = StatusCodes.Status500InternalServerError, Reason = "", Message = message };
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
            _ when exception is TaskCanceledException => $"{dial}: i/o timeout",
            _ => exception?.Message,
        };
    }

    private sealed class ToTarget(Uri target, string? prefix) : HttpTransformer
    {
        public override async ValueTask TransformRequestAsync(
            HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
            proxyRequest.RequestUri = target;
            proxyRequest.Headers.Host = null;
            proxyRequest.Headers.Remove("Authorization");
            proxyRequest.Headers.Remove("Cookie");
            if (prefix is not null)
            {
                Forwarded(proxyRequest, "X-Forwarded-Uri", prefix + target.AbsolutePath);
                Forwarded(proxyRequest, "X-Forwarded-Host", httpContext.Request.Host.Value ?? "");
                Forwarded(proxyRequest, "X-Forwarded-Proto", httpContext.Request.Scheme);
            }
        }

        public override async ValueTask<bool> TransformResponseAsync(
            HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
        {
            var copied = await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
            var headers = httpContext.Response.Headers;
            if (prefix is null)
            {
                return copied;
            }

            // What runs in the cluster must not decide who may read the API from a browser.
            foreach (var name in CrossOriginHeaders)
            {
                headers.Remove(name);
            }

            if (!StringValues.IsNullOrEmpty(headers.Location))
            {
                headers.Location = Relocated(headers.Location.ToString(), httpContext.Request.Host.Value ?? "");
            }

            return copied;
        }

        private static void Forwarded(HttpRequestMessage request, string name, string value)
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }

        // A redirect within the server leads to the same place below the proxy; one to elsewhere stays.
        private string Relocated(string location, string asked)
        {
            if (!Uri.TryCreate(target, location, out var to)
                    || (to.Authority != target.Authority && to.Authority != asked))
            {
                return location;
            }

            var path = to.PathAndQuery + to.Fragment;
            return path.StartsWith(prefix!, StringComparison.Ordinal) ? path : prefix + path;
        }
    }
}
