using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Policy.PodDisruptionBudgets;

/// <summary>
/// How evictions spend a disruption budget: upstream's eviction REST (<c>registry/core/pod/storage/eviction.go</c>).
/// </summary>
public static class DisruptionRules
{
    private const string Refused = "Cannot evict pod as it would violate the pod's disruption budget.";
    private const string IsAllowed = "DisruptionAllowed";
    private const string SyncFailed = "SyncFailed";
    private const int MaxDisruptedPods = 2000;
    private const int RetryAfterSeconds = 10;

    /// <summary>
    /// True if a budget lets go of a pod that is not ready without being spent: such a pod does not count as healthy.
    /// </summary>
    public static bool SparesUnready(V1PodDisruptionBudget budget, V1Pod pod) =>
        pod.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) != true
        && (budget.Spec.UnhealthyPodEvictionPolicy == "AlwaysAllow"
            || (budget.Status.DesiredHealthy > 0 && budget.Status.CurrentHealthy >= budget.Status.DesiredHealthy));

    /// <summary>Spends one disruption on a pod.</summary>
    /// <param name="budget">Changed when the answer is null.</param>
    /// <param name="pod">The name of the pod.</param>
    /// <param name="now">When its eviction was granted.</param>
    /// <returns>Why not; null when it was spent.</returns>
    public static Status? Spend(V1PodDisruptionBudget budget, string pod, DateTime now)
    {
        var status = budget.Status;
        if ((status.ObservedGeneration ?? 0) < (budget.Metadata.Generation ?? 0))
        {
            return StillProcessed(budget.Metadata.Name);
        }

        if (status.DisruptionsAllowed < 0)
        {
            return Forbidden(budget, "pdb disruptions allowed is negative");
        }

        if (status.DisruptedPods?.Count > MaxDisruptedPods)
        {
            return Forbidden(budget, "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
        }

        if (status.DisruptionsAllowed == 0)
        {
            return Refusal(WhyNone(budget), 0);
        }

        status.DisruptionsAllowed--;
        if (status.DisruptionsAllowed == 0)
        {
            SayAllowed(status, now);
        }

        status.DisruptedPods ??= new Dictionary<string, DateTime?>();
        status.DisruptedPods[pod] = now;
        return null;
    }

    /// <summary>The refusal while a budget does not count what there is.</summary>
    public static Status StillProcessed(string budget) =>
        Refusal($"The disruption budget {budget} is still being processed by the server.", RetryAfterSeconds);

    private static Status Refusal(string cause, int retryAfterSeconds)
    {
        var status = StatusErrors.TooManyRequests(Refused, retryAfterSeconds);
        return status with
        {
            Details = status.Details! with { Causes = [new StatusCause("DisruptionBudget", cause, null)] },
        };
    }

    private static Status Forbidden(V1PodDisruptionBudget budget, string why) => StatusErrors.Forbidden(
        new ResourceName(WellKnown.PodDisruptionBudgets.Group, "poddisruptionbudget"), budget.Metadata.Name, why);

    private static string WhyNone(V1PodDisruptionBudget budget)
    {
        var (name, status) = (budget.Metadata.Name, budget.Status);
        var no = $"The disruption budget {name} does not allow evicting pods currently";
        var condition = status.Conditions?.FirstOrDefault(c => c.Type == IsAllowed);
        return condition is { Status: "False", Message.Length: > 0 } said
            ? said.Reason == SyncFailed ? $"{no} because it failed sync: {said.Message}"
                : status.CurrentHealthy <= status.DesiredHealthy ? TooFew(name, status)
                : $"{no} ({said.Reason}): {said.Message}"
            : status.CurrentHealthy <= status.DesiredHealthy ? TooFew(name, status)
            : no;
    }

    private static string TooFew(string name, V1PodDisruptionBudgetStatus status) =>
        $"The disruption budget {name} needs {status.DesiredHealthy} healthy pods and has {status.CurrentHealthy} " +
        "currently";

    /// <summary>Brings the condition in line with the number of allowed disruptions.</summary>
    public static void SayAllowed(V1PodDisruptionBudgetStatus status, DateTime now)
    {
        var isAllowed = status.DisruptionsAllowed > 0;
        Say(status, isAllowed ? "True" : "False", isAllowed ? "SufficientPods" : "InsufficientPods", "", now);
    }

    /// <summary>The condition of a budget that cannot be counted.</summary>
    public static void SayFailed(V1PodDisruptionBudgetStatus status, string why, DateTime now) =>
        Say(status, "False", SyncFailed, why, now);

    /// <summary>Replaces the condition, and touches no other: the conditions may be shared.</summary>
    private static void Say(
        V1PodDisruptionBudgetStatus status, string value, string reason, string message, DateTime now)
    {
        var conditions = status.Conditions ?? [];
        var old = conditions.FirstOrDefault(c => c.Type == IsAllowed);
        var next = new V1Condition
        {
            Type = IsAllowed,
            Status = value,
            Reason = reason,
            Message = message,
            ObservedGeneration = status.ObservedGeneration,
            LastTransitionTime = old?.Status == value ? old.LastTransitionTime : now,
        };
        status.Conditions = old is null
            ? [.. conditions, next]
            : [.. conditions.Select(c => ReferenceEquals(c, old) ? next : c)];
    }
}
