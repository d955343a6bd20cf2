using System.Threading.Channels;

namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>
/// Says to a loop that it is to look again. Any number of signals before a look are one, and a signal during a look
/// costs one more, which sees what it announced. Anybody may signal; one waits at a time.
/// </summary>
public sealed class WakeSignal
{
    private readonly Channel<bool> _signals = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>Asks for a look that begins after this call.</summary>
    public void Set() => _signals.Writer.TryWrite(true);

    /// <summary>Until there is a signal, which is taken.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellationToken) =>
        await _signals.Reader.ReadAsync(cancellationToken);

    /// <summary>Until there is a signal, which is taken, or the time is over.</summary>
    /// <param name="longest">How long to wait at most; null for as long as it takes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the waiting with an exception.</param>
    public async ValueTask WaitAsync(TimeSpan? longest, TimeProvider time, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_signals.Reader.TryRead(out _))
        {
            return;
        }

        if (longest is not { } delay)
        {
            await WaitAsync(cancellationToken);
            return;
        }

        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var signalled = _signals.Reader.WaitToReadAsync(done.Token).AsTask();
        await Task.WhenAny(signalled, Task.Delay(delay, time, done.Token));
        await done.CancelAsync();
        await ((Task)signalled).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _signals.Reader.TryRead(out _);
        cancellationToken.ThrowIfCancellationRequested();
    }
}
