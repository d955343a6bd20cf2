using System.Collections.Frozen;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Store;

/// <summary>Reads objects from this silo's caches, and from who makes those that are stored nowhere.</summary>
public sealed class ObjectReader(ResourceCaches caches, IEnumerable<IObjectSource> sources)
{
    private readonly FrozenDictionary<ResourceName, IObjectSource> _sources =
        sources.ToFrozenDictionary(static s => s.Resource);

    /// <summary>One object; null when there is none.</summary>
    public async ValueTask<ResourceObject?> GetAsync(
        ResourceName resource, ObjectKey key, ReadFreshness freshness, CancellationToken cancellationToken)
    {
        var snapshot = await SnapshotAsync(resource, freshness, cancellationToken);
        return snapshot.Get(key);
    }

    /// <summary>One object's model: the cached one, and the newest where the cache has none.</summary>
    public async ValueTask<T?> FindAsync<T>(
        ResourceName resource, ObjectKey key, CancellationToken cancellationToken)
        where T : class
    {
        var item = await GetAsync(resource, key, ReadFreshness.Cached, cancellationToken)
            ?? await GetAsync(resource, key, ReadFreshness.Linearizable, cancellationToken);
        return item?.As<T>();
    }

    /// <summary>
    /// One object's model, which may come while it is waited for; null when it does not. What nobody stores is not
    /// waited for.
    /// </summary>
    /// <param name="resource">What it is.</param>
    /// <param name="key">Which.</param>
    /// <param name="wait">For how long, to the tick of the caches.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<T?> AwaitAsync<T>(
        ResourceName resource, ObjectKey key, TimeSpan wait, CancellationToken cancellationToken)
        where T : class
    {
        var found = await FindAsync<T>(resource, key, cancellationToken);
        if (found is not null || _sources.ContainsKey(resource))
        {
            return found;
        }

        var cache = await caches.GetAsync(resource, cancellationToken);
        var snapshot = cache.Current;
        if (snapshot.Get(key) is null)
        {
            using var watcher = cache.Watch(new CacheWatchRequest { AfterRevision = snapshot.Revision, Key = key });
            await watcher.ReadAsync(1, wait, cancellationToken);
        }

        return cache.Current.Get(key)?.As<T>();
    }

    /// <summary>The models of a namespace (empty: of all) as they are cached, in the order of names.</summary>
    public async ValueTask<IReadOnlyList<T>> ListAsync<T>(
        ResourceName resource, string @namespace, CancellationToken cancellationToken)
        where T : class
    {
        var snapshot = await SnapshotAsync(resource, ReadFreshness.Cached, cancellationToken);
        return [.. snapshot.Range(@namespace).Select(static item => item.As<T>())];
    }

    /// <summary>All objects at one revision.</summary>
    public async ValueTask<CacheSnapshot> SnapshotAsync(
        ResourceName resource, ReadFreshness freshness, CancellationToken cancellationToken)
    {
        if (_sources.TryGetValue(resource, out var source))
        {
            var objects = await source.ListAsync(cancellationToken);
            return CacheSnapshotBuilder.Load(new ObjectSnapshot(0, [.. objects.Select(Wrap)]), []);
        }

        var cache = await caches.GetAsync(resource, cancellationToken);
        return freshness == ReadFreshness.Cached ? cache.Current : await cache.ConsistentAsync(cancellationToken);
    }

    private static ResourceObject Wrap(IKubernetesObject<V1ObjectMeta> item) => new(
        new ObjectKey(item.Metadata.NamespaceProperty ?? "", item.Metadata.Name), "", 0, ResourceCodec.Encode(item));
}
