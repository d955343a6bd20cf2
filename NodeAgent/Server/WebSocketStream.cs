using System.Net.WebSockets;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>The binary messages of a WebSocket as one byte stream: how kubectl tunnels SPDY (protocol
/// <c>SPDY/3.1+portforward.k8s.io</c>).</summary>
public sealed class WebSocketStream(WebSocket socket) : SequentialStream
{
    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            while (true)
            {
                var result = await socket.ReceiveAsync(buffer, cancellationToken);
                if (result.MessageType == WebSocketMessageType.Close)
                {
                    return 0;
                }

                if (result.Count > 0)
                {
                    return result.Count;
                }
            }
        }
        catch (WebSocketException exception)
        {
            throw new IOException("the WebSocket was closed", exception);
        }
    }

    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await socket.SendAsync(buffer, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
        }
        catch (WebSocketException exception)
        {
            throw new IOException("the WebSocket was closed", exception);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            socket.Dispose();
        }

        base.Dispose(disposing);
    }
}
