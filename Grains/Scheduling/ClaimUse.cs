using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>A claim that a pod uses; of an ephemeral one the name is that of the claim made for the pod.</summary>
public readonly record struct ClaimUse(string Name, bool IsEphemeral)
{
    public ObjectKey Key(PodInfo pod) => new(pod.Key.Namespace, Name);
}
