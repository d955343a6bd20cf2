using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Batch.Jobs;

/// <summary>
/// What wakes a Job: itself, and the pods that it controls or could adopt. What decides something wakes it soon:
/// another spec, a pod that ends or is to end. All else (pods that are made, bound and start, the Job's own status)
/// only changes what the status tells, and waits for more of it, as upstream does with every pod.
/// </summary>
internal static class JobWakes
{
    /// <summary>Upstream's <c>syncJobBatchPeriod</c>.</summary>
    public static readonly TimeSpan BatchPeriod = TimeSpan.FromSeconds(1);

    private static readonly WakeRegistration Owned = WakeRegistration.OfOwners<V1Job>(
        JobReconciler.Controller, WellKnown.Jobs, "Job", [WellKnown.Pods], static j => j.Spec.Selector);

    public static readonly WakeRegistration Registration = Owned with
    {
        Follows = static () =>
        [
            .. Owned.Follows().Select(static f => f with
            {
                Interval = BatchPeriod, IsUrgent = f.Resource == WellKnown.Jobs ? IsNews : IsEnd,
            }),
        ],
    };

    /// <summary>False for a Job of which only the status is another one.</summary>
    internal static bool IsNews(ResourceChange change) =>
        change.Kind != ChangeKind.Modified
        || change.Previous?.Metadata.Generation != change.Object.Metadata.Generation;

    /// <summary>The pod has just ended, is to end, or is gone without having ended.</summary>
    internal static bool IsEnd(ResourceChange change)
    {
        var now = PodFacts.Of(change.Object);
        if (change.Kind == ChangeKind.Deleted)
        {
            return !now.IsFinished;
        }

        var before = change.Previous is null ? null : PodFacts.Of(change.Previous);
        return (now.IsFinished, now.IsTerminating) != (before?.IsFinished ?? false, before?.IsTerminating ?? false);
    }
}
