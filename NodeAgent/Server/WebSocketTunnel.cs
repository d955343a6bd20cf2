using System.Diagnostics.CodeAnalysis;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.Features;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>
/// Accepts a WebSocket whose protocol name has a slash in it (<c>SPDY/3.1+portforward.k8s.io</c>), which ASP.NET
/// refuses to answer with, as RFC 6455 does not allow it:
/// kubectl asks for it all the same.
/// </summary>
internal static class WebSocketTunnel
{
    private const string Salt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);

    /// <summary>Answers the handshake and takes the connection over.</summary>
    public static async Task<WebSocket> AcceptAsync(HttpContext context, string protocol)
    {
        var upgrade = context.Features.GetRequiredFeature<IHttpUpgradeFeature>();
        context.Response.StatusCode = StatusCodes.Status101SwitchingProtocols;
        context.Response.Headers.Connection = "Upgrade";
        context.Response.Headers.Upgrade = "websocket";
        context.Response.Headers.SecWebSocketProtocol = protocol;
        context.Response.Headers.SecWebSocketAccept = Accept(context.Request.Headers.SecWebSocketKey.ToString());
        return WebSocket.CreateFromStream(
            await upgrade.UpgradeAsync(), new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = KeepAlive });
    }

    [SuppressMessage(
        "Security",
        "CA5350",
        Justification = "RFC 6455 says SHA-1; it proves that the peer speaks WebSocket, nothing more.")]
    private static string Accept(string key) =>
        Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + Salt)));
}
