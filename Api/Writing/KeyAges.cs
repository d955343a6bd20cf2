using System.Collections.Concurrent;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Writing;

/// <summary>
/// Which objects the store holds encrypted with a key that has changed since they were written. Those that were read
/// after the change say so themselves (<see cref="StoredForm"/>); of those in memory it is known by their revisions.
/// </summary>
public sealed class KeyAges(IEnumerable<IKeyChanges> keys, ResourceCaches caches)
{
    private readonly IKeyChanges? _keys = keys.LastOrDefault();
    private readonly ConcurrentDictionary<ResourceName, (int Changes, long Revision)> _seen = new();

    /// <summary>True when an object of this revision is to be written anew, though nothing of it changes.</summary>
    public async ValueTask<bool> IsOldAsync(
        ResourceName resource, long revision, CancellationToken cancellationToken)
    {
        if (_keys?.KeyChangesOf(resource) is not (> 0 and var changes))
        {
            return false;
        }

        // What was written between the change and the first question is written once more than it needs to be.
        if (!_seen.TryGetValue(resource, out var seen) || seen.Changes < changes)
        {
            var cache = await caches.GetAsync(resource, cancellationToken);
            seen = (changes, (await cache.ConsistentAsync(cancellationToken)).Revision);
            _seen[resource] = seen;
        }

        return revision <= seen.Revision;
    }
}
