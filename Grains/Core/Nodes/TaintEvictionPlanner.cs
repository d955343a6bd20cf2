using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Nodes;

/// <summary>When a pod must leave a node for its NoExecute taints.</summary>
public static class TaintEvictionPlanner
{
    /// <summary>Null if it may stay for ever; a time not after now means at once.</summary>
    public static DateTimeOffset? DueAt(V1Pod pod, IReadOnlyList<V1Taint> taints, DateTimeOffset now)
    {
        if (pod.Metadata.DeletionTimestamp is not null)
        {
            return null;
        }

        DateTimeOffset? due = null;
        foreach (var taint in taints.Where(t => t.Effect == "NoExecute"))
        {
            var tolerations = (pod.Spec.Tolerations ?? []).Where(t => Tolerates(t, taint)).ToList();
            if (tolerations.Count == 0)
            {
                return now;
            }

            if (tolerations[0].TolerationSeconds is { } seconds)
            {
                var leaves = Periods.After(Start(pod, taint, now), seconds);
                due = due is null || leaves < due ? leaves : due;
            }
        }

        return due;
    }

    public static bool Tolerates(V1Toleration toleration, V1Taint taint) =>
        (string.IsNullOrEmpty(toleration.Effect) || toleration.Effect == taint.Effect)
        && (string.IsNullOrEmpty(toleration.Key) || toleration.Key == taint.Key)
        && (toleration.OperatorProperty == "Exists" || (toleration.Value ?? "") == (taint.Value ?? ""));

    /// <summary>The time runs from when both the taint and the pod were there.</summary>
    private static DateTimeOffset Start(V1Pod pod, V1Taint taint, DateTimeOffset now)
    {
        var added = Utc(taint.TimeAdded) ?? now;
        var bound = Utc(pod.Status?.StartTime) ?? BoundAt(pod) ?? Utc(pod.Metadata.CreationTimestamp) ?? now;
        return added > bound ? added : bound;
    }

    /// <summary>The pod may have waited for a node for long; one that was made for its node did not.</summary>
    private static DateTimeOffset? BoundAt(V1Pod pod) => Utc(pod.Status?.Conditions?.FirstOrDefault(
        static c => c is { Type: "PodScheduled", Status: "True" })?.LastTransitionTime);

    private static DateTimeOffset? Utc(DateTime? time) =>
        time is { } value ? new DateTimeOffset(value, TimeSpan.Zero) : null;
}
