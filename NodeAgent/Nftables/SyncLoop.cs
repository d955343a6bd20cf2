using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.NodeAgent.Nftables;

/// <summary>
/// When the kernel is told. A single change goes to it at once; under a stream of changes they are gathered while a
/// transaction runs and for a little longer, so that transactions take a bounded share of a processor. From time to
/// time the kernel is to be asked whether it still holds what it was told.
/// </summary>
public sealed class SyncLoop(TimeProvider time)
{
    private const int PausePerWork = 2;
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    private readonly WakeSignal _wake = new();

    private volatile bool _mustCheck;

    /// <summary>Tells the kernel what there is to tell, after a look at what it holds when that is asked for; says
    /// whether that was work, to be followed by a rest.</summary>
    public required Func<bool, CancellationToken, Task<bool>> Sync { get; init; }

    /// <summary>Told of a failure; the next attempt follows.</summary>
    public required Action<Exception> Failed { get; init; }

    /// <summary>There is something to tell.</summary>
    public void Wake() => _wake.Set();

    public Task RunAsync(CancellationToken stoppingToken)
    {
        Wake();
        return Task.WhenAll(FollowAsync(stoppingToken), CheckAsync(stoppingToken));
    }

    private async Task FollowAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await _wake.WaitAsync(stoppingToken);
            var start = time.GetTimestamp();
            var mustCheck = _mustCheck;
            _mustCheck = false;
            try
            {
                if (await Sync(mustCheck, stoppingToken))
                {
                    var pause = time.GetElapsedTime(start) * PausePerWork;
                    await Task.Delay(pause < MaxPause ? pause : MaxPause, time, stoppingToken);
                }
            }
            catch (Exception failure) when (
                failure is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                Failed(failure);
                await Task.Delay(RetryAfter, time, stoppingToken);
                Wake();
            }
        }
    }

    private async Task CheckAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(CheckEvery, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            _mustCheck = true;
            Wake();
        }
    }
}
