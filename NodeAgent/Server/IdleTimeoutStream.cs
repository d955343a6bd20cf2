using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>
/// A connection that gives up when nothing was read or written for a while: a client that has gone without a word must
/// not hold streams and sockets for ever. Closing the inner connection ends whoever waits on it; where it does not (a
/// request of the server), <c>abort</c> does.
/// </summary>
public sealed class IdleTimeoutStream : SequentialStream
{
    private readonly Stream _inner;
    private readonly TimeSpan _limit;
    private readonly TimeProvider _time;
    private readonly Action? _abort;
    private readonly ITimer _timer;
    private long _lastUse;

    public IdleTimeoutStream(Stream inner, TimeSpan limit, TimeProvider time, Action? abort = null)
    {
        (_inner, _limit, _time, _abort) = (inner, limit, time, abort);
        _lastUse = time.GetTimestamp();
        _timer = time.CreateTimer(_ => Check(), null, limit, Timeout.InfiniteTimeSpan);
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await _inner.ReadAsync(buffer, cancellationToken);
        Used();
        return count;
    }

    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _inner.WriteAsync(buffer, cancellationToken);
        Used();
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => _inner.FlushAsync(cancellationToken);

    public override void Flush() => _inner.Flush();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _timer.Dispose();
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Used() => Volatile.Write(ref _lastUse, _time.GetTimestamp());

    private void Check()
    {
        var left = _limit - _time.GetElapsedTime(Volatile.Read(ref _lastUse));
        if (left > TimeSpan.Zero)
        {
            _timer.Change(left, Timeout.InfiniteTimeSpan);
        }
        else
        {
            _abort?.Invoke();
            _inner.Dispose();
        }
    }
}
