using System.Collections.Concurrent;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Store;

/// <summary>
/// The way to the current version of an object, and to its next. The first attempt is optimistic: it is computed from
/// this silo's cache, without a call, and goes to the journal together with what others here write at that time. Only
/// when that was refused, because others write the same object or the cache is behind, does the object's grain come to
/// life: it reads anew and commits one write after the other. The lock is the journal's in either way, so a grain whose
/// memory a write has passed by is told so by its next commit.
/// </summary>
public sealed class ObjectDoor(IGrainFactory grains, ResourceCaches caches)
{
    private readonly ConcurrentDictionary<ResourceName, JournalWriter> _writers = new();

    /// <summary>The current version; null when there is none.</summary>
    public Task<ResourceObject?> GetAsync(
        ResourceDefinition definition, ObjectKey key, ReadMode mode, CancellationToken cancellationToken)
    {
        if (mode == ReadMode.Verified)
        {
            return Owner(definition, key).GetAsync(mode, cancellationToken);
        }

        var cache = caches.Find(definition.Storage);
        if (cache is null)
        {
            // Whoever changes an object of a kind will change more of them: the next time the kind is here.
            caches.Begin(definition.Storage);
        }

        return cache?.Current.Get(key) is { } known
            ? Task.FromResult<ResourceObject?>(known)
            : Writer(definition.Storage).Journal.ReadAsync(key, cancellationToken);
    }

    /// <summary>
    /// The newest version, linearizable: of this silo's cache when it is loaded, which needs no grain.
    /// </summary>
    public async Task<ResourceObject?> FindNewestAsync(
        ResourceDefinition definition, ObjectKey key, CancellationToken cancellationToken) =>
        caches.Find(definition.Storage) is { } cache
            ? (await cache.ConsistentAsync(cancellationToken)).Get(key)
            : await GetAsync(definition, key, ReadMode.Verified, cancellationToken);

    /// <summary>Commits a write under the optimistic lock, as <see cref="IObjectGrain.WriteAsync"/> does.</summary>
    /// <param name="definition">The kind.</param>
    /// <param name="key">The object.</param>
    /// <param name="write">What to commit.</param>
    /// <param name="basis">How the version was read that the write was computed from.</param>
    /// <param name="cancellationToken">Gives up before the write is sent.</param>
    public Task<Outcome<ResourceObject>> WriteAsync(
        ResourceDefinition definition, ObjectKey key, ObjectWrite write, ReadMode basis,
        CancellationToken cancellationToken) =>
        basis == ReadMode.Verified
            ? Owner(definition, key).WriteAsync(write, cancellationToken)
            : Writer(definition.Storage).WriteAsync(new JournalWrite(key, write), cancellationToken);

    // Once a resource: the factory finds the interface anew, by parsing names, for every reference that it makes.
    private JournalWriter Writer(ResourceName resource) => _writers.GetOrAdd(
        resource, static (name, grains) => new JournalWriter(grains.GetGrain<IJournalGrain>(name.ToString())), grains);

    private IObjectGrain Owner(ResourceDefinition definition, ObjectKey key) =>
        grains.GetObjectGrain(definition.Of.GrainType, new ObjectAddress(definition.Storage, key));
}
