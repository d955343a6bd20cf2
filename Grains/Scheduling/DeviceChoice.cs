using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>What becomes of a ResourceClaim when its pod goes to a node: the pod becomes one of its users.</summary>
/// <param name="Claim">The claim.</param>
/// <param name="Uid">The claim's.</param>
/// <param name="Allocation">The devices that it gets; null when it has them.</param>
public sealed record DeviceChoice(ObjectKey Claim, string Uid, V1AllocationResult? Allocation)
{
    /// <summary>The claim, when it is to be made first, for extended resources of the pod.</summary>
    public ExtendedClaim? Made { get; init; }

    /// <summary>The pod waits until the devices are prepared.</summary>
    public bool IsAwaited { get; init; }

    /// <summary>The claim was made for a node that the pod did not get to, and goes.</summary>
    public bool IsLeft { get; init; }
}
