using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>A ResourceClaim that a pod uses.</summary>
/// <param name="Claim">Its name; null while it is still to be made, empty when none is needed after all.</param>
/// <param name="IsMade">It is made for the pod, which must own it.</param>
public readonly record struct DeviceClaimUse(string? Claim, bool IsMade)
{
    public ObjectKey Key(PodInfo pod) => new(pod.Key.Namespace, Claim ?? "");
}
