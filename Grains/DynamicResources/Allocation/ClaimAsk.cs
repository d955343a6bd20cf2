using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.DynamicResources.Allocation;

/// <summary>A claim that is to be given devices, made ready for the search.</summary>
public sealed class ClaimAsk
{
    public ClaimAsk(Resourcev1ResourceClaim claim)
    {
        Claim = claim;
        Key = claim.Key();
        Requests = [.. (claim.Spec.Devices?.Requests ?? []).Select(DeviceRequest.Alternatives)];
        Constraints = claim.Spec.Devices?.Constraints ?? [];
    }

    public Resourcev1ResourceClaim Claim { get; }

    public ObjectKey Key { get; }

    /// <summary>Of each request its alternatives.</summary>
    public IReadOnlyList<IReadOnlyList<DeviceRequest>> Requests { get; }

    public IList<V1DeviceConstraint> Constraints { get; }
}
