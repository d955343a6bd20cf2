using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>Kinds that a controller follows while they are served: they come and go.</summary>
/// <param name="Which">The kinds.</param>
/// <param name="Map">Adds the keys of the objects to wake, as <see cref="Followed"/> has it.</param>
public sealed record FollowedKinds(
    Func<ResourceKind, bool> Which, Action<ResourceName, ResourceChange, ICollection<ObjectKey>> Map);
