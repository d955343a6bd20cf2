using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>Writes that are answered before they are stored, and stored soon after or when somebody reads.</summary>
internal sealed partial class Journal
{
    /// <summary>For how many batches and the like a promise waits; each takes about as long as a commit.</summary>
    private const int MaxPromiseAttempts = 100;

    private bool _isFlushArmed;

    /// <summary>
    /// Completes when all that is promised now is stored; null when nobody has asked since the last batch was taken.
    /// </summary>
    private TaskCompletionSource? _flush;

    /// <summary>Promises something that is stored a little later.</summary>
    /// <param name="attempt">
    /// Promises it in one go, under the lease, and answers; or has done nothing, and names what to wait for first.
    /// </param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async Task<T> PromiseAsync<T>(Func<(T? Answer, Task? Wait)> attempt, CancellationToken cancellationToken)
        where T : class
    {
        await OpenAsync();
        await OutlivePredecessorAsync();
        for (var i = 0; i < MaxPromiseAttempts; i++)
        {
            await HoldLeaseAsync(cancellationToken);
            var (answer, wait) = attempt();
            if (wait is null)
            {
                ArmFlush();
                return answer!;
            }

            await wait.WaitAsync(cancellationToken);
        }

        throw new StoreUnavailableException($"{resource} changes too fast to be decided on; try again later");
    }

    /// <summary>What is promised comes first; when it fills the batch, nothing overtakes the rest.</summary>
    private void TakeDeferred(JournalBatch batch)
    {
        var promised = deferred?.Take(options.MaxBatchWrites) ?? [];
        foreach (var pending in promised)
        {
            Decide(batch, pending);
        }

        if (promised.Count < options.MaxBatchWrites)
        {
            (batch.Flush, _flush) = (_flush, null);
        }
    }

    /// <summary>Returns when all is stored that was promised before the call.</summary>
    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (deferred is { IsWaiting: true })
        {
            var flush = _flush ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            StartBatches();
            await flush.Task.WaitAsync(cancellationToken);
        }
    }

    private async Task TryFlushAsync() =>
        await FlushAsync(CancellationToken.None).AsTask().ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

    private void ArmFlush()
    {
        if (deferred is { IsWaiting: true } && !_isFlushArmed && !_isLost)
        {
            _isFlushArmed = true;
            _ = FlushLaterAsync();
        }
    }

    private async Task FlushLaterAsync()
    {
        await Task.Delay(options.FlushDelay, time);
        if (!_isLost)
        {
            await TryFlushAsync();
        }

        _isFlushArmed = false;
        ArmFlush();
    }

    /// <summary>Nobody need be waiting.</summary>
    private static void Fail(TaskCompletionSource? flush, StoreUnavailableException error)
    {
        if (flush?.TrySetException(error) == true)
        {
            _ = flush.Task.Exception;
        }
    }
}
