namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// Work of an activation that is no turn of its grain: it runs on the thread pool, one at a time, and ends with the
/// activation. What it throws is its own to tell. All members are called from the grain.
/// </summary>
internal sealed class BackgroundWork(TimeProvider time)
{
    private readonly CancellationTokenSource _stop = new();
    private Task _run = Task.CompletedTask;

    /// <summary>Cancelled when the work is to end.</summary>
    public CancellationToken Stopping => _stop.Token;

    /// <summary>Begins the work, unless it goes on already or has been stopped.</summary>
    /// <returns>True when it begins.</returns>
    public bool TryStart(Func<CancellationToken, Task> work)
    {
        if (!_run.IsCompleted || _stop.IsCancellationRequested)
        {
            return false;
        }

        _run = Task.Factory.StartNew(
            () => work(_stop.Token), CancellationToken.None, TaskCreationOptions.DenyChildAttach,
            TaskScheduler.Default).Unwrap();
        return true;
    }

    /// <summary>Asks the work to end, and waits so long at most.</summary>
    /// <param name="limit"><see cref="Timeout.InfiniteTimeSpan"/> when only the token ends the wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task StopAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _run.WaitAsync(limit, time, cancellationToken).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }
}
