namespace OrleansOrchestrator.Api.Cache;

/// <summary>One watcher of a cache. Not for concurrent use; dispose it to leave.</summary>
public abstract class CacheWatcher : IDisposable
{
    /// <summary>
    /// The next events, waiting up to <paramref name="wait"/> for the first. After a wait without events the batch is empty but its revision is
    /// current, so it is the moment for a bookmark.
    /// </summary>
    public abstract ValueTask<CacheEventBatch> ReadAsync(int maxEvents, TimeSpan wait, CancellationToken cancellationToken);

    public abstract void Dispose();
}
