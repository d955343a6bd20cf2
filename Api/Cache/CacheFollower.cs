using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Cache;

/// <summary>
/// Keeps a cache up to date by pulling from the journal, as a Kubernetes client does from a server. Lost messages, a
/// journal that moves, or a silo that was away need nothing else: the next pull asks for what comes after what is here.
/// </summary>
internal sealed partial class CacheFollower(
    ResourceCache cache, IJournalGrain journal, IJournalStore store, CacheOptions options, TimeProvider time, ILogger logger)
{
    private readonly Lock _lock = new();
    private CancellationTokenSource? _pull;
    private bool _inDoubt;

    /// <summary>The outcome of the load in progress or, if that succeeded, of the one before.</summary>
    private TaskCompletionSource _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the cache is loaded, or fails with why it could not be.</summary>
    public Task Loaded
    {
        get
        {
            lock (_lock)
            {
                return cache.IsLoaded ? Task.CompletedTask : _loaded.Task;
            }
        }
    }

    /// <summary>Gives up the pull in progress, so that the next one finds the journal anew.</summary>
    public void DoubtPull()
    {
        lock (_lock)
        {
            _inDoubt = _pull is not null;
            _pull?.Cancel();
        }
    }

    /// <summary>
    /// Follows until it is cancelled, on the thread pool: it takes no turns of the grain that happens to need the cache
    /// first.
    /// </summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var retry = options.FirstRetry;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await StepAsync(cancellationToken);
                retry = options.FirstRetry;
                continue;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (OperationCanceledException) when (TakeDoubt())
            {
                // Asking again at once is the purpose.
                continue;
            }
            catch (Exception error)
            {
                LogFailed(logger, cache.Resource, error);
                FailLoad(error);
            }

            await Task.Delay(retry, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            retry = retry * 2 < options.LastRetry ? retry * 2 : options.LastRetry;
        }
    }

    private bool TakeDoubt()
    {
        lock (_lock)
        {
            (var inDoubt, _inDoubt) = (_inDoubt, false);
            return inDoubt;
        }
    }

    private async Task StepAsync(CancellationToken cancellationToken)
    {
        if (!cache.IsLoaded)
        {
            await LoadAsync(cancellationToken);
            return;
        }

        var batch = await PullAsync(cancellationToken);
        if (batch.TooOld)
        {
            LogReloading(logger, cache.Resource, cache.Current.Revision);
            await LoadAsync(cancellationToken);
        }
        else if (batch.Changes.Count > 0)
        {
            var spans = batch.Changes.Select(static c => c.Trace).OfType<string>()
                .Select(static caller => Traces.Open("watch.dispatch", [caller])).ToList();
            cache.Apply(batch.Changes);
            for (var i = spans.Count - 1; i >= 0; i--)
            {
                spans[i]?.SetTag("resource", cache.Resource.ToString());
                spans[i]?.Dispose();
            }
        }
    }

    private async Task<ChangeBatch> PullAsync(CancellationToken cancellationToken)
    {
        using var pull = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        lock (_lock)
        {
            _pull = pull;
        }

        try
        {
            return await journal
                .ReadAfterAsync(cache.Current.Revision, options.PullChanges, options.PullWait, pull.Token)
                .WaitAsync(pull.Token);
        }
        finally
        {
            lock (_lock)
            {
                _pull = null;
            }
        }
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        // The first question creates the journal if need be. The second: a snapshot may contain a batch that the
        // journal has not published yet; showing it before the journal does would let two readers see time run
        // backwards.
        await journal.GetRevisionAsync(cancellationToken);
        var snapshot = await store.ReadSnapshotAsync(cache.Resource, cancellationToken);
        while (await journal.GetRevisionAsync(cancellationToken) < snapshot.Revision)
        {
            await Task.Delay(options.FirstRetry, time, cancellationToken);
        }

        cache.Load(snapshot);
        lock (_lock)
        {
            _loaded.TrySetResult();
        }
    }

    private void FailLoad(Exception error)
    {
        lock (_lock)
        {
            if (!cache.IsLoaded)
            {
                var failed = _loaded;
                _loaded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                failed.TrySetException(
                    error as StoreUnavailableException
                    ?? new StoreUnavailableException($"{cache.Resource} cannot be loaded: {error.Message}", error));
                _ = failed.Task.Exception;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Following {Resource} failed; trying again.")]
    private static partial void LogFailed(ILogger logger, ResourceName resource, Exception error);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The change log of {Resource} no longer reaches back to {Revision}; loading anew.")]
    private static partial void LogReloading(ILogger logger, ResourceName resource, long revision);
}
