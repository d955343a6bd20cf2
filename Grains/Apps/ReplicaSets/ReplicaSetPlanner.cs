using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Apps.ReplicaSets;

/// <summary>What a ReplicaSet finds.</summary>
public sealed record ReplicaSetObserved
{
    public required V1ReplicaSet Set { get; init; }

    /// <summary>Every pod that the set controls, and every pod of its namespace that its selector selects.</summary>
    public required IReadOnlyList<PodFacts> Pods { get; init; }

    /// <summary>
    /// By node, how many active pods of ReplicaSets with the same controller run there: the deletion ranking spreads by
    /// it.
    /// </summary>
    public IReadOnlyDictionary<string, int> RelatedPerNode { get; init; } = new Dictionary<string, int>();

    /// <summary>False for a kind whose status does not say how many pods are terminating.</summary>
    public bool CountsTerminating { get; init; } = true;

    /// <summary>How the creates or deletes of this step failed; null when they did not.</summary>
    public ReplicaFailure? Failure { get; init; }
}

/// <summary>A failed create or delete, as the condition ReplicaFailure shows it.</summary>
/// <param name="Reason"><c>FailedCreate</c> or <c>FailedDelete</c>.</param>
/// <param name="Message">The API's answer.</param>
public sealed record ReplicaFailure(string Reason, string Message);

/// <summary>What a ReplicaSet must do.</summary>
public sealed record ReplicaSetPlan
{
    /// <summary>Pods to adopt and to release.</summary>
    public required PodOwnership Claims { get; init; }

    /// <summary>Number of pods to create, at most <see cref="ReplicaSetPlanner.Burst"/>.</summary>
    public int Create { get; init; }

    /// <summary>
    /// Pods to delete, at most <see cref="ReplicaSetPlanner.Burst"/>, those that are missed least first.
    /// </summary>
    public IReadOnlyList<PodFacts> Delete { get; init; } = [];

    /// <summary>When a pod that is ready now will have been ready for minReadySeconds.</summary>
    public TimeSpan? NextAvailable { get; init; }

    /// <summary>True if the world was found as it must be, the status apart.</summary>
    public bool IsSettled =>
        Claims.Adopt.Count == 0 && Claims.Release.Count == 0 && Create == 0 && Delete.Count == 0;
}

/// <summary>
/// The decisions of a ReplicaSet: which pods to adopt, release, create and delete, and what its status says.
/// </summary>
public static class ReplicaSetPlanner
{
    /// <summary>Most creates or deletes of one step.</summary>
    public const int Burst = 500;

    /// <summary>What to do now.</summary>
    public static ReplicaSetPlan Compute(ReplicaSetObserved observed, DateTimeOffset now)
    {
        var set = observed.Set;
        var claims = Claim(set, observed.Pods);
        if (set.Metadata.DeletionTimestamp is not null)
        {
            return new ReplicaSetPlan { Claims = claims };
        }

        var active = claims.All.Where(p => p.IsActive).ToList();
        var surplus = active.Count - Desired(set);
        return new ReplicaSetPlan
        {
            Claims = claims,
            Create = Math.Clamp(-surplus, 0, Burst),
            Delete = surplus > 0
                ? PodDeletionOrder.First(active, Math.Min(surplus, Burst), observed.RelatedPerNode, now)
                : [],
            NextAvailable = NextAvailable(active, set.Spec.MinReadySeconds ?? 0, now),
        };
    }

    /// <summary>The status that is true of the observed pods; null when the set already shows it.</summary>
    public static V1ReplicaSetStatus? ComputeStatus(ReplicaSetObserved observed, DateTimeOffset now)
    {
        var set = observed.Set;
        var owned = Claim(set, observed.Pods).Owned;
        var minReady = set.Spec.MinReadySeconds ?? 0;
        int replicas = 0, labelled = 0, ready = 0, available = 0, terminating = 0;
        foreach (var pod in owned)
        {
            terminating += pod.IsTerminating && !pod.IsFinished ? 1 : 0;
            if (pod.IsActive)
            {
                replicas++;
                labelled += LabelSelectors.SelectsExactly(TemplateLabels(set), pod.Labels) ? 1 : 0;
                ready += pod.IsReady ? 1 : 0;
                available += pod.IsAvailable(minReady, now) ? 1 : 0;
            }
        }

        var next = new V1ReplicaSetStatus
        {
            Replicas = replicas,
            FullyLabeledReplicas = ZeroIsAbsent(labelled),
            ReadyReplicas = ZeroIsAbsent(ready),
            AvailableReplicas = ZeroIsAbsent(available),
            TerminatingReplicas = observed.CountsTerminating ? terminating : null,
            ObservedGeneration = set.Metadata.Generation,
            Conditions = Conditions(set, observed.Failure, now),
        };
        return IsSame(set.Status, next) ? null : next;
    }

    private static PodOwnership Claim(V1ReplicaSet set, IReadOnlyList<PodFacts> pods)
    {
        var selector = LabelSelector.Of(set.Spec.Selector);
        return PodOwnership.Of(set.Metadata, pods, p => selector.Matches(p.Labels), mayChange: p => p.IsActive);
    }

    private static int Desired(V1ReplicaSet set) => set.Spec.Replicas ?? 1;

    private static TimeSpan? NextAvailable(List<PodFacts> active, int minReadySeconds, DateTimeOffset now)
    {
        if (minReadySeconds == 0)
        {
            return null;
        }

        TimeSpan? next = null;
        foreach (var pod in active)
        {
            if (pod.IsReady && !pod.IsAvailable(minReadySeconds, now) && pod.ReadySince is { } since)
            {
                var left = since.AddSeconds(minReadySeconds) - now;
                next = next is null || left < next ? left : next;
            }
        }

        return next;
    }

    private static IDictionary<string, string> TemplateLabels(V1ReplicaSet set) =>
        set.Spec.Template?.Metadata?.Labels ?? new Dictionary<string, string>();

    private static List<V1ReplicaSetCondition>? Conditions(
        V1ReplicaSet set, ReplicaFailure? failure, DateTimeOffset now)
    {
        const string type = "ReplicaFailure";
        var all = set.Status?.Conditions?.ToList() ?? [];
        if (failure is null)
        {
            all.RemoveAll(c => c.Type == type);
        }
        else if (all.TrueForAll(c => c.Type != type))
        {
            // The first failure is shown until all goes well, whatever fails after it.
            all.Add(new V1ReplicaSetCondition
            {
                Type = type,
                Status = "True",
                LastTransitionTime = now.UtcDateTime,
                Reason = failure.Reason,
                Message = failure.Message,
            });
        }

        return all.Count == 0 ? null : all;
    }

    private static bool IsSame(V1ReplicaSetStatus? old, V1ReplicaSetStatus next) =>
        old is not null
        && old.Replicas == next.Replicas
        && (old.FullyLabeledReplicas ?? 0) == (next.FullyLabeledReplicas ?? 0)
        && (old.ReadyReplicas ?? 0) == (next.ReadyReplicas ?? 0)
        && (old.AvailableReplicas ?? 0) == (next.AvailableReplicas ?? 0)
        && old.TerminatingReplicas == next.TerminatingReplicas
        && old.ObservedGeneration == next.ObservedGeneration
        && SameConditions(old.Conditions ?? [], next.Conditions ?? []);

    private static bool SameConditions(IList<V1ReplicaSetCondition> old, IList<V1ReplicaSetCondition> next) =>
        old.Select(c => (c.Type, c.Status, c.Reason, c.Message)).SequenceEqual(
            next.Select(c => (c.Type, c.Status, c.Reason, c.Message)));

    private static int? ZeroIsAbsent(int count) => count == 0 ? null : count;
}
