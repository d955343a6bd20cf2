using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// What a namespace has of a resource: from this silo's cache, and where that has nothing, once more afresh, so that
/// what was just made counts. That nothing was there is believed for a while (upstream's <c>liveLookupCache</c>), so
/// that the many namespaces without any cost nothing.
/// </summary>
/// <param name="reader">Reads them.</param>
/// <param name="resource">What is looked for.</param>
/// <param name="time">The time.</param>
internal sealed class LiveLookups(ObjectReader reader, ResourceName resource, TimeProvider time)
{
    /// <summary>Namespaces that are known to have none.</summary>
    private const int MaxKept = 10_000;

    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(30);

    /// <summary>Until when a namespace without any is not looked up again.</summary>
    private readonly LruCache<string, DateTimeOffset> _empty = new(MaxKept);

    /// <summary>All objects, with those of a namespace as new as they have to be.</summary>
    public async ValueTask<CacheSnapshot> SnapshotAsync(string space, CancellationToken cancellationToken)
    {
        var seen = await reader.SnapshotAsync(resource, ReadFreshness.Cached, cancellationToken);
        if (seen.CountRange(space) > 0 || (_empty.TryGet(space, out var until) && time.GetUtcNow() < until))
        {
            return seen;
        }

        var live = await reader.SnapshotAsync(resource, ReadFreshness.Linearizable, cancellationToken);
        if (live.CountRange(space) == 0)
        {
            _empty.Set(space, time.GetUtcNow() + Kept);
        }

        return live;
    }

    /// <summary>The models of a namespace (empty: of all), in the order of names.</summary>
    public async ValueTask<IReadOnlyList<T>> ListAsync<T>(string space, CancellationToken cancellationToken)
        where T : class
    {
        var snapshot = await SnapshotAsync(space, cancellationToken);
        return [.. snapshot.Range(space).Select(static item => item.As<T>())];
    }
}
