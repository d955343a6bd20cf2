using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Pipeline;

/// <summary>Reads single objects from this silo's caches.</summary>
public sealed class ObjectReader(ResourceCaches caches)
{
    /// <summary>One object; null when there is none.</summary>
    public async ValueTask<ResourceObject?> GetAsync(
        ResourceName resource, ObjectKey key, ReadFreshness freshness, CancellationToken cancellationToken)
    {
        var snapshot = await SnapshotAsync(resource, freshness, cancellationToken);
        return snapshot.Get(key);
    }

    /// <summary>All objects at one revision.</summary>
    public async ValueTask<CacheSnapshot> SnapshotAsync(
        ResourceName resource, ReadFreshness freshness, CancellationToken cancellationToken)
    {
        var cache = await caches.GetAsync(resource, cancellationToken);
        return freshness == ReadFreshness.Cached ? cache.Current : await cache.ConsistentAsync(cancellationToken);
    }
}
