using Microsoft.AspNetCore.Http;
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

    /// <summary>Null when the answer has been sent; else why the server could not be reached.</summary>
    public static async Task<Status?> SendAsync(
        IHttpForwarder forwarder, HttpContext context, Uri target, HttpMessageInvoker invoker)
    {
        var error = await forwarder.SendAsync(
            context, target.GetLeftPart(UriPartial.Authority), invoker, Config, new ToTarget(target), context.RequestAborted);
        if (error == ForwarderError.None || context.Response.HasStarted || context.RequestAborted.IsCancellationRequested)
        {
            return null;
        }

        context.Response.Clear();
        var why = context.Features.Get<IForwarderErrorFeature>()?.Exception?.Message ?? error.ToString();
        return StatusErrors.ServiceUnavailable($"error trying to reach service: {why}");
    }

    private sealed class ToTarget(Uri target) : HttpTransformer
    {
        public override async ValueTask TransformRequestAsync(
            HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
            proxyRequest.RequestUri = target;
            proxyRequest.Headers.Host = null;
            proxyRequest.Headers.Remove("Authorization");
            proxyRequest.Headers.Remove("Cookie");
        }
    }
}
