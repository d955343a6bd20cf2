using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Pipeline;

/// <summary>How the pipeline reaches the current version of an object, and commits the next.</summary>
public interface IObjectDoor
{
    /// <summary>The current version; null when there is none.</summary>
    Task<ResourceObject?> GetAsync(
        ResourceDefinition definition, ObjectKey key, ReadMode mode, CancellationToken cancellationToken);

    /// <summary>Commits a write under the optimistic lock, as <see cref="IObjectGrain.WriteAsync"/> does.</summary>
    Task<Outcome<ResourceObject>> WriteAsync(
        ResourceDefinition definition, ObjectKey key, ObjectWrite write, CancellationToken cancellationToken);
}
