using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;

namespace OrleansOrchestrator.NodeAgent.Server.Spdy;

/// <summary>
/// A SPDY/3.1 connection over any byte stream, in the subset that Kubernetes' exec, attach and port-forward use:
/// streams that either side opens, data, half-close,
/// reset, ping, go-away. Either role. One task reads (<see cref="RunAsync"/>); writers take turns.
/// </summary>
public sealed class SpdyConnection(Stream transport, bool isServer) : IAsyncDisposable
{
    private const int LengthMask = (1 << 24) - 1;
    private const int MaxControlBytes = 64 * 1024;
    private const int MaxDataBytes = 32 * 1024;
    private const int MaxStreams = 1024;
    private const int HeadBytes = 8;
    private const int SpdyVersion = 3;
    private const byte FinFlag = 1;

    private const int SynStream = 1;
    private const int SynReply = 2;
    private const int RstStream = 3;
    private const int Ping = 6;
    private const int GoAway = 7;

    private readonly ConcurrentDictionary<int, SpdyStream> _streams = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly SpdyHeaderReader _headerReader = new();
    private readonly SpdyHeaderWriter _headerWriter = new();
    private int _lastId = isServer ? 0 : -1;

    /// <summary>
    /// Reads until the peer closes the connection or the token is cancelled; then every open stream fails.
    /// <paramref name="accept"/> is told of each stream that the peer opens, after the reply was sent.
    /// </summary>
    public async Task RunAsync(Action<SpdyStream> accept, CancellationToken cancellationToken)
    {
        Exception reason = new IOException("the connection was closed");
        var head = new byte[HeadBytes];
        try
        {
            while (await transport.ReadAtLeastAsync(head, HeadBytes, throwOnEndOfStream: false, cancellationToken) == HeadBytes)
            {
                if (!await ReadFrameAsync(head, accept, cancellationToken))
                {
                    return;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException)
        {
            reason = exception;
        }
        finally
        {
            foreach (var stream in _streams.Values)
            {
                stream.Fail(reason);
            }
        }
    }

    /// <summary>Opens a stream and waits until the peer has accepted it.</summary>
    public async Task<SpdyStream> OpenAsync(
        IReadOnlyDictionary<string, string> headers, CancellationToken cancellationToken)
    {
        SpdyStream stream;
        await _writing.WaitAsync(cancellationToken);
        try
        {
            _lastId += 2;
            stream = new SpdyStream(this, _lastId, headers);
            _streams[stream.Id] = stream;
            var block = _headerWriter.Write(headers);
            var payload = new byte[10 + block.Length];
            BinaryPrimitives.WriteInt32BigEndian(payload, stream.Id);
            block.CopyTo(payload.AsSpan(10));
            await WriteControlAsync(SynStream, payload, cancellationToken);
        }
        finally
        {
            _writing.Release();
        }

        await stream.Accepted.Task.WaitAsync(cancellationToken);
        return stream;
    }

    public ValueTask DisposeAsync()
    {
        // The semaphore stays: a writer that still waits for its turn is to fail by the transport, not by it.
        _headerReader.Dispose();
        return transport.DisposeAsync();
    }

    internal async Task SendDataAsync(
        int id, ReadOnlyMemory<byte> bytes, bool last, CancellationToken cancellationToken)
    {
        do
        {
            var part = bytes[..Math.Min(bytes.Length, MaxDataBytes)];
            bytes = bytes[part.Length..];
            var frame = ArrayPool<byte>.Shared.Rent(HeadBytes + part.Length);
            BinaryPrimitives.WriteInt32BigEndian(frame, id);
            var flags = last && bytes.IsEmpty ? FinFlag : (byte)0;
            BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), (flags << 24) | part.Length);
            part.CopyTo(frame.AsMemory(HeadBytes));
            await _writing.WaitAsync(cancellationToken);
            try
            {
                await transport.WriteAsync(frame.AsMemory(0, HeadBytes + part.Length), cancellationToken);
                await transport.FlushAsync(cancellationToken);
            }
            finally
            {
                _writing.Release();
                ArrayPool<byte>.Shared.Return(frame);
            }
        }
        while (!bytes.IsEmpty);
    }

    /// <summary>Tells the peer that the stream is over, whatever was still to come.</summary>
    internal Task ResetAsync(int id, CancellationToken cancellationToken)
    {
        const int Cancel = 5;
        _streams.TryRemove(id, out _);
        var payload = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(payload, id);
        BinaryPrimitives.WriteInt32BigEndian(payload.AsSpan(4), Cancel);
        return WriteLockedControlAsync(RstStream, payload, cancellationToken);
    }

    /// <summary>Both directions have ended: the peer may open another stream in its place.</summary>
    internal void Forget(int id) => _streams.TryRemove(id, out _);

    // False ends the connection.
    private async ValueTask<bool> ReadFrameAsync(
        byte[] head, Action<SpdyStream> accept, CancellationToken cancellationToken)
    {
        var first = BinaryPrimitives.ReadUInt32BigEndian(head);
        var flags = head[4];
        var length = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(4)) & LengthMask;
        var isControl = (first & 0x8000_0000) != 0;
        if (isControl && length > MaxControlBytes)
        {
            throw new InvalidDataException("SPDY control frame is too long");
        }

        var payload = ArrayPool<byte>.Shared.Rent(Math.Min(length, MaxControlBytes));
        try
        {
            if (!isControl)
            {
                await ReceiveDataAsync((int)first, length, (flags & FinFlag) != 0, payload, cancellationToken);
                return true;
            }

            await transport.ReadExactlyAsync(payload.AsMemory(0, length), cancellationToken);
            return await ReceiveControlAsync(
                (int)(first & 0xffff), flags, payload.AsMemory(0, length), accept, cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(payload);
        }
    }

    // Piece by piece, however long the frame is. Data for a stream that is gone is what was on its way when it went.
    private async ValueTask ReceiveDataAsync(
        int id, int length, bool last, byte[] buffer, CancellationToken cancellationToken)
    {
        do
        {
            var part = buffer.AsMemory(0, Math.Min(length, buffer.Length));
            await transport.ReadExactlyAsync(part, cancellationToken);
            length -= part.Length;
            if (_streams.TryGetValue(id, out var stream))
            {
                await stream.ReceiveAsync(part, last && length == 0, cancellationToken);
            }
        }
        while (length > 0);
    }

    private async ValueTask<bool> ReceiveControlAsync(
        int type, byte flags, ReadOnlyMemory<byte> content, Action<SpdyStream> accept, CancellationToken cancellationToken)
    {
        switch (type)
        {
            case SynStream:
                await AcceptAsync(flags, content, accept, cancellationToken);
                return true;
            case SynReply:
                // All blocks are one compressed stream: that of a stream which has gone must be read too.
                var id = Number(content);
                _headerReader.Read(content.Span[4..]);
                if (_streams.TryGetValue(id, out var replied))
                {
                    replied.Accepted.TrySetResult();
                }

                return true;
            case RstStream:
                if (_streams.TryRemove(Number(content), out var reset))
                {
                    reset.ReceiveReset();
                }

                return true;
            case Ping:
                await WriteLockedControlAsync(Ping, content, cancellationToken);
                return true;
            default:
                return type != GoAway || !_streams.IsEmpty;
        }
    }

    private async Task AcceptAsync(
        byte flags, ReadOnlyMemory<byte> content, Action<SpdyStream> accept, CancellationToken cancellationToken)
    {
        const int FixedBytes = 10;
        if (content.Length < FixedBytes || _streams.Count >= MaxStreams)
        {
            throw new InvalidDataException("unacceptable SPDY stream");
        }

        var stream = new SpdyStream(this, Number(content), _headerReader.Read(content.Span[FixedBytes..]));
        if (!_streams.TryAdd(stream.Id, stream))
        {
            throw new InvalidDataException("a SPDY stream was opened twice");
        }

        await _writing.WaitAsync(cancellationToken);
        try
        {
            var block = _headerWriter.Write(new Dictionary<string, string>());
            var payload = new byte[4 + block.Length];
            BinaryPrimitives.WriteInt32BigEndian(payload, stream.Id);
            block.CopyTo(payload.AsSpan(4));
            await WriteControlAsync(SynReply, payload, cancellationToken);
        }
        finally
        {
            _writing.Release();
        }

        if ((flags & FinFlag) != 0)
        {
            await stream.ReceiveAsync(ReadOnlyMemory<byte>.Empty, last: true, cancellationToken);
        }

        accept(stream);
    }

    private async Task WriteLockedControlAsync(
        int type, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await WriteControlAsync(type, payload, cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task WriteControlAsync(int type, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        var frame = new byte[HeadBytes + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, 0x8000_0000 | (SpdyVersion << 16) | (uint)type);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), payload.Length);
        payload.CopyTo(frame.AsMemory(HeadBytes));
        await transport.WriteAsync(frame, cancellationToken);
        await transport.FlushAsync(cancellationToken);
    }

    private static int Number(ReadOnlyMemory<byte> content) =>
        content.Length >= 4
            ? BinaryPrimitives.ReadInt32BigEndian(content.Span) & int.MaxValue
            : throw new InvalidDataException("SPDY frame is too short");
}
