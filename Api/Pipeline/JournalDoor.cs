using System.Collections.Concurrent;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Pipeline;

/// <summary>
/// Reaches objects through this silo's caches and their journals: the way of controllers, scheduler and simulated
/// nodes, which write by the thousand. What they write at one time goes to a journal in one call, and no object grain
/// comes to life for a pod that nobody outside touches. The lock is the journal's in either way, so an object grain
/// whose memory a write has passed by is told so by its next commit.
/// </summary>
public sealed class JournalDoor(IGrainFactory grains, ResourceCaches caches) : IObjectDoor
{
    private readonly ConcurrentDictionary<ResourceName, JournalWriter> _writers = new();

    /// <inheritdoc/>
    public async Task<ResourceObject?> GetAsync(
        ResourceDefinition definition, ObjectKey key, ReadMode mode, CancellationToken cancellationToken)
    {
        if (mode == ReadMode.Optimistic && caches.Find(definition.Storage)?.Current.Get(key) is { } known)
        {
            return known;
        }

        return await Journal(definition.Storage).ReadAsync(key, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<Outcome<ResourceObject>> WriteAsync(
        ResourceDefinition definition, ObjectKey key, ObjectWrite write, CancellationToken cancellationToken) =>
        _writers.GetOrAdd(definition.Storage, static (name, door) => new JournalWriter(door.Journal(name)), this)
            .WriteAsync(new JournalWrite(key, write), cancellationToken);

    private IJournalGrain Journal(ResourceName resource) => grains.GetGrain<IJournalGrain>(resource.ToString());
}
