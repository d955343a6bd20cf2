using OrleansOrchestrator.Interfaces.Logs;

namespace OrleansOrchestrator.Grains.Logs;

/// <summary>
/// Its calls interleave at any await: each only exchanges one field, before or after which nothing is assumed.
/// </summary>
[GrainType("log-arrivals")]
public sealed class LogArrivalsGrain(TimeProvider time) : Grain, ILogArrivalsGrain
{
    /// <summary>Well below the time after which Orleans gives up a call.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    /// <summary>Begins with the time, so that marks of an earlier activation are not known.</summary>
    private long _mark = time.GetUtcNow().Ticks;
    private TaskCompletionSource _arrival = NewArrival();

    /// <inheritdoc/>
    public Task ArrivedAsync()
    {
        _mark++;
        var arrival = _arrival;
        _arrival = NewArrival();
        arrival.SetResult();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<long> WaitAsync(long mark, CancellationToken cancellationToken)
    {
        if (mark == _mark)
        {
            await _arrival.Task.WaitAsync(Longest, time, cancellationToken).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            cancellationToken.ThrowIfCancellationRequested();
        }

        return _mark;
    }

    private static TaskCompletionSource NewArrival() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
