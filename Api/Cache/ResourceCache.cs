using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Cache;

/// <summary>This silo's copy of one resource, following its journal.</summary>
public sealed class ResourceCache
{
    /// <summary>Which resource this is.</summary>
    public ResourceName Resource => throw new NotImplementedException();

    /// <summary>The newest state that has arrived here.</summary>
    public CacheSnapshot Current => throw new NotImplementedException();

    /// <summary>A state at least as new as a revision; waits for it.</summary>
    public ValueTask<CacheSnapshot> AtLeastAsync(long revision, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>A state that contains every write acknowledged before the call (P5).</summary>
    public ValueTask<CacheSnapshot> ConsistentAsync(CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Begins a watch.</summary>
    public CacheWatcher Watch(CacheWatchRequest request) => throw new NotImplementedException();
}
