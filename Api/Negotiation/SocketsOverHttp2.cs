using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace OrleansOrchestrator.Api.Negotiation;

/// <summary>
/// Browsers open a WebSocket on the HTTP/2 connection that they have, where the server offers that (RFC 8441), and
/// Kestrel always does: as a CONNECT, which no part of Kubernetes' API knows. Here it becomes the GET with an upgrade
/// that it is over HTTP/1.1, so that nothing further on needs to tell the two apart.
/// </summary>
internal static class SocketsOverHttp2
{
    private const string Protocol = "websocket";
    private const int KeyBytes = 16;

    /// <summary>Goes before everything that looks at methods or at upgrades.</summary>
    public static IApplicationBuilder UseSocketsOverHttp2(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (context.Features.Get<IHttpExtendedConnectFeature>()
            is { IsExtendedConnect: true, Protocol: Protocol } connect)
        {
            Translate(context, connect);
        }

        return next(context);
    });

    private static void Translate(HttpContext context, IHttpExtendedConnectFeature connect)
    {
        context.Features.Set<IHttpExtendedConnectFeature>(null);
        context.Features.Set<IHttpUpgradeFeature>(new Upgrade(context, connect));
        context.Request.Method = HttpMethods.Get;
        var headers = context.Request.Headers;
        (headers.Connection, headers.Upgrade) = ("Upgrade", Protocol);
        headers.SecWebSocketKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyBytes));
    }

    private sealed class Upgrade(HttpContext context, IHttpExtendedConnectFeature connect) : IHttpUpgradeFeature
    {
        public bool IsUpgradableRequest => true;

        public async Task<Stream> UpgradeAsync()
        {
            // What was answered about the upgrade was for HTTP/1.1.
            var headers = context.Response.Headers;
            headers.Remove("Connection");
            headers.Remove("Upgrade");
            headers.Remove("Sec-WebSocket-Accept");
            context.Response.StatusCode = StatusCodes.Status200OK;
            return await connect.AcceptAsync();
        }
    }
}
