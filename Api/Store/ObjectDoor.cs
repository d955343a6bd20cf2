using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Orleans.Runtime;
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
    private volatile StrongBox<GrainInterfaceType>? _owner;

    /// <summary>The current version; null when there is none.</summary>
    public Task<ResourceObject?> GetAsync(
        ResourceDefinition definition, ObjectKey key, ReadMode mode, CancellationToken cancellationToken)
    {
        if (mode == ReadMode.Verified)
        {
            return Owner(definition, key).GetAsync(mode, cancellationToken);
        }

        return caches.Find(definition.Storage)?.Current.Get(key) is { } known
            ? Task.FromResult<ResourceObject?>(known)
            : Journal(definition.Storage).ReadAsync(key, cancellationToken);
    }

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
            : _writers.GetOrAdd(definition.Storage, static (name, door) => new JournalWriter(door.Journal(name)), this)
                .WriteAsync(new JournalWrite(key, write), cancellationToken);

    private IJournalGrain Journal(ResourceName resource) => grains.GetGrain<IJournalGrain>(resource.ToString());

    /// <summary>
    /// The interface is looked up once: the factory would find it anew, by parsing names, for every reference.
    /// </summary>
    private IObjectGrain Owner(ResourceDefinition definition, ObjectKey key)
    {
        var id = GrainId.Create(definition.Of.GrainType, new ObjectAddress(definition.Storage, key).ToString());
        if (_owner is { } known)
        {
            return (IObjectGrain)grains.GetGrain(id, known.Value);
        }

        var first = grains.GetGrain<IObjectGrain>(id);
        _owner = new StrongBox<GrainInterfaceType>(((GrainReference)first).InterfaceType);
        return first;
    }
}
