using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Cache;

/// <summary>The resource caches of this silo, each loaded on first use.</summary>
public sealed class ResourceCaches
{
    /// <summary>The loaded cache of a resource. Throws <see cref="StoreUnavailableException"/> when it cannot be loaded.</summary>
    public ValueTask<ResourceCache> GetAsync(ResourceName resource, CancellationToken cancellationToken) =>
        throw new NotImplementedException();
}
