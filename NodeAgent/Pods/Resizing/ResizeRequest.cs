using k8s.Models;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Pods.Resizing;

/// <summary>
/// A resize that waits: the pod as it asks to be, as it has been given, and since when it is deferred.
/// </summary>
public sealed record ResizeRequest(V1Pod Pod, V1Pod Allocated, DateTime? PendingSince)
{
    /// <summary>
    /// Those that ask for no more first, since they always fit and make room; then by priority, guaranteed before
    /// others, and who has waited longest.
    /// </summary>
    public static readonly Comparer<ResizeRequest> Order = Comparer<ResizeRequest>.Create(
        static (a, b) => a.Rank.CompareTo(b.Rank));

    private (bool, int, bool, DateTime, string) Rank => (
        PodResources.Resizable.Any(r => PodResources.Requested(Pod, r) > PodResources.Requested(Allocated, r)),
        -(Pod.Spec.Priority ?? 0),
        PodResources.Qos(Pod) != PodResources.Guaranteed,
        PendingSince ?? DateTime.MaxValue,
        Pod.Metadata.Uid);
}
