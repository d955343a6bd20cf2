using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.PodRecords;

/// <summary>
/// Whom the kernel kills first when the machine is out of memory: upstream's formula. The more of the node's memory a
/// container asked for, the later it goes. Pure.
/// </summary>
public static class OomScores
{
    private const long Guaranteed = -997;
    private const long BestEffort = 1000;
    private const string NodeCritical = "system-node-critical";

    public static long Of(V1Pod pod, V1Container container, long nodeMemoryBytes)
    {
        if (pod.IsCritical() && pod.Spec.PriorityClassName == NodeCritical)
        {
            return Guaranteed;
        }

        switch (PodResources.Qos(pod))
        {
            case PodResources.Guaranteed:
                return Guaranteed;
            case PodResources.BestEffort:
                return BestEffort;
        }

        var spare = UnassignedPerContainer(pod);
        var score = Score(Request(container) + spare);
        if (container.IsSidecar())
        {
            // a sidecar serves the others: it goes no sooner than the smallest of them
            score = Math.Min(score, Score(pod.Spec.Containers.Select(Request).DefaultIfEmpty().Min() + spare));
        }

        return Math.Clamp(score, BestEffort + Guaranteed, BestEffort - 1);

        long Score(long bytes) =>
            nodeMemoryBytes == 0 ? BestEffort : BestEffort - (BestEffort * bytes / nodeMemoryBytes);
    }

    /// <summary>What the pod asked for beyond its containers, in equal parts.</summary>
    private static long UnassignedPerContainer(V1Pod pod)
    {
        var own = PodResources.Bytes(pod.Spec.Resources?.Requests);
        var containers = pod.Inits().Concat(pod.Spec.Containers).ToList();
        var assigned = PodResources.Requested(
            pod with { Spec = pod.Spec with { Resources = null, Overhead = null } }, PodResources.Memory);
        return own == 0 ? 0 : (own - assigned) / containers.Count;
    }

    private static long Request(V1Container container) => PodResources.Bytes(container.Resources?.Requests);
}
