using System.Buffers.Text;
using System.Net.WebSockets;
using System.Text;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>
/// WebSocket messages that begin with the number of a channel: one byte in binary messages; in text messages a
/// character from <c>0</c> on, and base64 behind it. Messages may be of any length and come in pieces; each piece is
/// handed on as it comes, so that nothing grows with them.
/// </summary>
public sealed class ChannelMessages(WebSocket socket, bool isText = false) : IDisposable
{
    private const int ReceiveBytes = 32 * 1024;
    private const byte FirstCharacter = (byte)'0';
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LingerPatience = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _sending = new(1, 1);

    /// <summary>Receives until the client closes, in an orderly way or not. Empty pieces are not told, nor what follows
    /// in a text message that is no base64. To cancel it cuts the connection.</summary>
    public async Task ReceiveAsync(Func<byte, ReadOnlyMemory<byte>, Task> deliver, CancellationToken cancellationToken)
    {
        var buffer = new byte[ReceiveBytes];
        var text = isText ? new Base64Pieces(ReceiveBytes) : null;
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
                channel = (byte)(content.Span[0] - (isText ? FirstCharacter : 0));
                content = content[1..];
            }

            var decoded = text?.Decode(content.Span, received.EndOfMessage) ?? content;
            if (channel is { } number && decoded.Length > 0)
            {
                await deliver(number, decoded);
            }

            channel = received.EndOfMessage ? null : channel;
        }
    }

    /// <summary>Sends one message; those who send at the same time take turns.</summary>
    public async Task SendAsync(byte channel, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var message = isText ? TextOf(channel, content.Span) : [channel, .. content.Span];
        var type = isText ? WebSocketMessageType.Text : WebSocketMessageType.Binary;
        await _sending.WaitAsync(cancellationToken);
        try
        {
            await socket.SendAsync(message.AsMemory(), type, endOfMessage: true, cancellationToken);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Says goodbye, unless the client has gone.</summary>
    public async Task SayGoodbyeAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(ClosePatience);
        await CloseOutputAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>
    /// Goes on receiving after the goodbye until the client has answered it, or for a while: a connection that ends
    /// while something comes is reset, and what was still on its way to the client is lost. Many clients never answer,
    /// but wait for the end of the connection. What is being received ends with that; to cancel it would do the same
    /// harm.
    /// </summary>
    /// <param name="receiving">What is received, which delivers nothing any more.</param>
    public static async Task LingerAsync(Task receiving)
    {
        using var patience = new CancellationTokenSource(LingerPatience);
        await receiving.WaitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ = receiving.ContinueWith(
            t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    // The semaphore stays: who still waits for a turn is to fail by the socket, not by it.
    public void Dispose() => socket.Dispose();

    private async Task CloseOutputAsync(CancellationToken cancellationToken)
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

    private static byte[] TextOf(byte channel, ReadOnlySpan<byte> content)
    {
        var number = Encoding.UTF8.GetBytes([(char)(FirstCharacter + channel)]);
        var message = new byte[number.Length + Base64.GetMaxEncodedToUtf8Length(content.Length)];
        number.CopyTo(message, 0);
        Base64.EncodeToUtf8(content, message.AsSpan(number.Length), out _, out _);
        return message;
    }

    /// <summary>Decodes base64 that comes in pieces of any length: four characters at a time, the rest waits.</summary>
    private sealed class Base64Pieces(int maxPiece)
    {
        private const int Group = 4;

        private readonly byte[] _characters = new byte[maxPiece + Group];
        private readonly byte[] _decoded = new byte[Base64.GetMaxDecodedFromUtf8Length(maxPiece + Group)];
        private int _waiting;
        private bool _isBroken;

        public ReadOnlyMemory<byte> Decode(ReadOnlySpan<byte> piece, bool isLast)
        {
            piece.CopyTo(_characters.AsSpan(_waiting));
            var all = _characters.AsSpan(0, _waiting + piece.Length);
            var whole = all[..(all.Length - (all.Length % Group))];
            var rest = all[whole.Length..];
            _isBroken |= !Base64.IsValid(whole) || (isLast && rest.Length > 0);
            var count = 0;
            if (!_isBroken)
            {
                Base64.DecodeFromUtf8(whole, _decoded, out _, out count);
            }

            rest.CopyTo(_characters);
            _waiting = isLast ? 0 : rest.Length;
            _isBroken &= !isLast;
            return _decoded.AsMemory(0, count);
        }
    }
}
