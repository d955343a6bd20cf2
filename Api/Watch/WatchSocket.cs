using System.Buffers;
using System.IO.Pipelines;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Negotiation;

namespace OrleansOrchestrator.Api.Watch;

/// <summary>
/// Sends a watch over a WebSocket: each event is one message. In JSON that is text, with the line break that ends it;
/// in protobuf it is binary, without the length before it.
/// </summary>
internal static class WatchSocket
{
    /// <summary>Sends what is produced until that ends or the client goes.</summary>
    /// <param name="context">The request. A subprotocol that the client names changes nothing.</param>
    /// <param name="wire">How events are written.</param>
    /// <param name="produce">Writes events, until its token is cancelled.</param>
    /// <param name="ends">Ends the watch.</param>
    public static async Task SendAsync(
        HttpContext context, Wire wire, Func<PipeWriter, CancellationToken, Task> produce, CancellationToken ends)
    {
        // As upstream's library for watches has it; what serves logs and streams asks nobody.
        if (!IsOrigin(context.Request.Headers.Origin.FirstOrDefault()))
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        if (context.WebSockets.WebSocketRequestedProtocols.Count > 1)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        await using var socket = await SocketAnswer.AcceptAsync(
            context, context.WebSockets.WebSocketRequestedProtocols.FirstOrDefault(), ends);

        // A slow client fills the pipe, which then holds up the producer; the cache bounds what waits behind it.
        var pipe = new Pipe(new PipeOptions(useSynchronizationContext: false));
        var sending = SendEventsAsync(pipe.Reader, socket, wire);
        try
        {
            await produce(pipe.Writer, socket.Ends);
        }
        catch (OperationCanceledException) when (socket.Ends.IsCancellationRequested)
        {
            // The client has gone, or the watch has ended.
        }

        await pipe.Writer.CompleteAsync();
        await sending;
    }

    private static bool IsOrigin(string? origin) => origin is not null and not "null"
        && Uri.TryCreate(origin, UriKind.Absolute, out _);

    private static async Task SendEventsAsync(PipeReader events, SocketAnswer socket, Wire wire)
    {
        var type = wire == Wire.Protobuf ? WebSocketMessageType.Binary : WebSocketMessageType.Text;
        try
        {
            ReadResult read;
            do
            {
                read = await events.ReadAsync(socket.Ends);
                var rest = read.Buffer;
                while (wire == Wire.Protobuf ? TryTakeFrame(ref rest, out var next) : TryTakeLine(ref rest, out next))
                {
                    await socket.SendAsync(next.IsSingleSegment ? next.First : next.ToArray(), type);
                }

                events.AdvanceTo(rest.Start, rest.End);
            }
            while (!read.IsCompleted);
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException)
        {
            // Nobody reads any more; the producer is told by the token.
        }

        await events.CompleteAsync();
    }

    private static bool TryTakeLine(ref ReadOnlySequence<byte> rest, out ReadOnlySequence<byte> line)
    {
        line = default;
        if (rest.PositionOf((byte)'\n') is not { } end)
        {
            return false;
        }

        var next = rest.GetPosition(1, end);
        (line, rest) = (rest.Slice(0, next), rest.Slice(next));
        return true;
    }

    private static bool TryTakeFrame(ref ReadOnlySequence<byte> rest, out ReadOnlySequence<byte> frame)
    {
        frame = default;
        var reader = new SequenceReader<byte>(rest);
        if (!reader.TryReadBigEndian(out int length) || reader.Remaining < length)
        {
            return false;
        }

        frame = rest.Slice(sizeof(int), length);
        rest = rest.Slice(frame.End);
        return true;
    }
}
