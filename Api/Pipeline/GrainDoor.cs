using System.Runtime.CompilerServices;
using Orleans.Runtime;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Pipeline;

/// <summary>
/// Reaches objects through their grains: the way of requests from outside. What a write is computed from may be old,
/// since the optimistic lock and a verified read before every refusal find that out; so it comes from this silo's cache
/// where there is one, without a call.
/// </summary>
public sealed class GrainDoor(IGrainFactory grains, ResourceCaches caches) : IObjectDoor
{
    private volatile StrongBox<GrainInterfaceType>? _type;

    /// <inheritdoc/>
    public Task<ResourceObject?> GetAsync(
        ResourceDefinition definition, ObjectKey key, ReadMode mode, CancellationToken cancellationToken) =>
        mode == ReadMode.Optimistic && caches.Find(definition.Storage)?.Current.Get(key) is { } cached
            ? Task.FromResult<ResourceObject?>(cached)
            : Grain(definition, key).GetAsync(mode, cancellationToken);

    /// <inheritdoc/>
    public Task<Outcome<ResourceObject>> WriteAsync(
        ResourceDefinition definition, ObjectKey key, ObjectWrite write, CancellationToken cancellationToken) =>
        Grain(definition, key).WriteAsync(write, cancellationToken);

    /// <summary>
    /// The interface is looked up once: the factory would find it anew, by parsing names, for every reference.
    /// </summary>
    private IObjectGrain Grain(ResourceDefinition definition, ObjectKey key)
    {
        var id = GrainId.Create(definition.GrainType, new ObjectAddress(definition.Storage, key).ToString());
        if (_type is { } known)
        {
            return (IObjectGrain)grains.GetGrain(id, known.Value);
        }

        var first = grains.GetGrain<IObjectGrain>(id);
        _type = new StrongBox<GrainInterfaceType>(((GrainReference)first).InterfaceType);
        return first;
    }
}
