using k8s.Models;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>A ResourceClaim that is to be made for the extended resources of a pod.</summary>
/// <param name="Claim">The claim.</param>
/// <param name="Mappings">Which of its requests are for what.</param>
public sealed record ExtendedClaim(Resourcev1ResourceClaim Claim, IReadOnlyList<ExtendedMapping> Mappings);

/// <summary>A request of devices is for a resource of a container.</summary>
/// <param name="Container">The container's place among the init containers and containers of its pod.</param>
/// <param name="Resource">The resource's name.</param>
/// <param name="Request">The request's name.</param>
public readonly record struct ExtendedMapping(int Container, string Resource, string Request);
