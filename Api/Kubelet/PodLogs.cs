using System.Buffers.Text;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>Hands on the log that a node sends, as a body or over a WebSocket.</summary>
internal static class PodLogs
{
    private const string Binary = "binary.k8s.io";
    private const string Base64Binary = "base64.binary.k8s.io";
    private const int MessageBytes = 2048;
    private const int MaxRefusalBytes = 50_000;

    /// <summary>Sends a node's answer; what the node refuses is returned in upstream's words.</summary>
    public static async Task<Status?> SendAsync(HttpContext context, string pod, HttpResponseMessage response)
    {
        await using var log = await response.Content.ReadAsStreamAsync(context.RequestAborted);
        if (!response.IsSuccessStatusCode)
        {
            return Refusal((int)response.StatusCode, pod, await ReadRefusalAsync(log, context.RequestAborted));
        }

        if (context.WebSockets.IsWebSocketRequest)
        {
            await SendMessagesAsync(context, log);
            return null;
        }

        context.Response.ContentType = "text/plain";
        await context.Response.StartAsync(context.RequestAborted);
        await log.CopyToAsync(context.Response.Body, context.RequestAborted);
        return null;
    }

    // Upstream's GenericHttpResponseChecker.
    private static Status Refusal(int code, string pod, string text) => code switch
    {
        400 => StatusErrors.BadRequest(text),
        500 => StatusErrors.InternalError(text),
        404 => new Status
        {
            Code = code,
            Reason = StatusReasons.NotFound,
            Message = $"the server could not find the requested resource ( pods/log {pod})",
            Details = new StatusDetails { Name = pod, Kind = "pods/log" },
        },
        _ => new Status { Code = code, Reason = "", Message = text,
            Details = new StatusDetails { Name = pod, Kind = "pods/log" } },
    };

    private static async Task<string> ReadRefusalAsync(Stream body, CancellationToken cancellationToken)
    {
        var text = new byte[MaxRefusalBytes];
        var count = await body.ReadAtLeastAsync(text, text.Length, throwOnEndOfStream: false, cancellationToken);
        return Encoding.UTF8.GetString(text, 0, count);
    }

    private static async Task SendMessagesAsync(HttpContext context, Stream log)
    {
        var requested = context.WebSockets.WebSocketRequestedProtocols;
        var protocol = requested.FirstOrDefault(p => p is Binary or Base64Binary);
        if (protocol is null && requested.Count > 0)
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        await using var socket = await SocketAnswer.AcceptAsync(context, protocol, context.RequestAborted);
        try
        {
            // The empty message first says that the log is open.
            var bytes = new byte[MessageBytes];
            var count = 0;
            do
            {
                var part = bytes.AsMemory(0, count);
                await (protocol == Base64Binary
                    ? socket.SendAsync(Encoded(part.Span), WebSocketMessageType.Text)
                    : socket.SendAsync(part, WebSocketMessageType.Binary));
            }
            while ((count = await log.ReadAsync(bytes, socket.Ends)) > 0);
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException
            && socket.Ends.IsCancellationRequested)
        {
            // The client reads no more.
        }
    }

    private static byte[] Encoded(ReadOnlySpan<byte> bytes)
    {
        var text = new byte[Base64.GetMaxEncodedToUtf8Length(bytes.Length)];
        Base64.EncodeToUtf8(bytes, text, out _, out _);
        return text;
    }
}
