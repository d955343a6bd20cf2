using System.Net.WebSockets;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>
/// WebSocket messages whose first byte is the number of a channel. Messages may be of any length and come in pieces;
/// each piece is handed on as it comes, so that nothing grows with them.
/// </summary>
public sealed class ChannelMessages(WebSocket socket) : IDisposable
{
    private const int ReceiveBytes = 32 * 1024;
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _sending = new(1, 1);

    /// <summary>Receives until the client closes, in an orderly way or not. Empty pieces are not told.</summary>
    public async Task ReceiveAsync(Func<byte, ReadOnlyMemory<byte>, Task> deliver, CancellationToken cancellationToken)
    {
        var buffer = new byte[ReceiveBytes];
        byte? channel = null;
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return;
            }

            var content = buffer.AsMemory(0, received.Count);
            if (channel is null && content.Length > 0)
            {
                channel = content.Span[0];
                content = content[1..];
            }

            if (channel is { } number && content.Length > 0)
            {
                await deliver(number, content);
            }

            channel = received.EndOfMessage ? null : channel;
        }
    }

    /// <summary>Sends one message; those who send at the same time take turns.</summary>
    public async Task SendAsync(byte channel, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var message = new byte[1 + content.Length];
        message[0] = channel;
        content.CopyTo(message.AsMemory(1));
        await _sending.WaitAsync(cancellationToken);
        try
        {
            await socket.SendAsync(
                message.AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>
    /// Says goodbye and waits for the client to do the same, for a while: to cut the connection at once could take from
    /// the client what it has not read yet.
    /// </summary>
    public async Task CloseAsync(Task receiving, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(ClosePatience);
        await SayGoodbyeAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await receiving.WaitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // The semaphore stays: who still waits for a turn is to fail by the socket, not by it.
    public void Dispose() => socket.Dispose();

    private async Task SayGoodbyeAsync(CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken);
        try
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", cancellationToken);
        }
        finally
        {
            _sending.Release();
        }
    }
}
