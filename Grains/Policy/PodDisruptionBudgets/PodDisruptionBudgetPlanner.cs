using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Policy.PodDisruptionBudgets;

namespace OrleansOrchestrator.Grains.Policy.PodDisruptionBudgets;

/// <summary>
/// Counts what a budget protects, as upstream's <c>pkg/controller/disruption</c>. An eviction that was granted counts
/// as a pod lost until the pod is seen to go, or until <see cref="DeletionTimeout"/> is over: then it does not go.
/// </summary>
public static class PodDisruptionBudgetPlanner
{
    /// <summary>How long a granted eviction is believed.</summary>
    public static readonly TimeSpan DeletionTimeout = TimeSpan.FromMinutes(2);

    private const string Unmanaged =
        "were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result "
        + "in undefined behavior. To account for these pods please set \".spec.minAvailable\" field of the PDB to an "
        + "integer value.";

    /// <summary>True if a budget is a share of what controllers want, and not of what there is.</summary>
    public static bool NeedsScale(V1PodDisruptionBudget budget) =>
        budget.Spec.MaxUnavailable is not null || budget.Spec.MinAvailable?.Value.EndsWith('%') == true;

    /// <summary>The next step.</summary>
    public static PodDisruptionBudgetPlan Compute(PodDisruptionBudgetObserved observed, DateTimeOffset now)
    {
        var (budget, pods) = (observed.Budget, observed.Pods);
        var events = new List<EventNote>();
        if (pods.Count == 0)
        {
            events.Add(EventNote.Normal(budget, "NoPods", "No matching pods found"));
        }

        if (observed.Scale.Failure is { } failure)
        {
            events.Add(EventNote.Warning(
                budget,
                "CalculateExpectedPodCountFailed",
                $"Failed to calculate the number of expected pods: {failure}"));
            return new PodDisruptionBudgetPlan { Status = Failed(budget, failure, now), Events = events };
        }

        if (observed.Scale.HasUnmanaged)
        {
            var selector = SelectorText.Of(budget.Spec.Selector);
            events.Add(EventNote.Warning(
                budget,
                "UnmanagedPods",
                $"Pods selected by this PodDisruptionBudget (selector: {selector}) {Unmanaged}"));
        }

        var granted = Granted(budget, pods);
        var believed = granted.Where(g => g.Deadline >= now).ToList();
        events.AddRange(granted.Where(g => g.Deadline < now).Select(g => NotDeleted(budget, g.Pod)));
        return new PodDisruptionBudgetPlan
        {
            Status = Count(observed, believed, now),
            Events = events,
            NextCheck = believed.Count == 0 ? null : believed.Min(g => g.Deadline) - now,
        };
    }

    private static List<Grant> Granted(V1PodDisruptionBudget budget, IReadOnlyList<PodFacts> pods)
    {
        var result = new List<Grant>();
        if (budget.Status?.DisruptedPods is { Count: > 0 } disrupted)
        {
            foreach (var pod in pods.Where(p => !p.IsTerminating))
            {
                if (disrupted.TryGetValue(pod.Key.Name, out var since) && since is { } time)
                {
                    result.Add(new Grant(pod, time, new DateTimeOffset(time.ToUniversalTime()) + DeletionTimeout));
                }
            }
        }

        return result;
    }

    private static V1PodDisruptionBudgetStatus? Count(
        PodDisruptionBudgetObserved observed, List<Grant> believed, DateTimeOffset now)
    {
        var (expected, desired) = Expect(observed);
        var going = believed.Where(g => g.Deadline > now).Select(g => g.Pod).ToHashSet();
        var healthy = observed.Pods.Count(p => !p.IsTerminating && p.IsReady && !going.Contains(p));
        var old = observed.Budget.Status ?? new V1PodDisruptionBudgetStatus();
        var next = new V1PodDisruptionBudgetStatus
        {
            CurrentHealthy = healthy,
            DesiredHealthy = desired,
            ExpectedPods = expected,

            // A budget without pods allows nothing, so that the first ones are safe until they are counted.
            DisruptionsAllowed = expected > 0 ? Math.Max(0, healthy - desired) : 0,
            DisruptedPods = believed.ToDictionary(
                g => g.Pod.Key.Name, g => (DateTime?)g.Since, StringComparer.Ordinal),
            ObservedGeneration = observed.Budget.Metadata.Generation,
            Conditions = old.Conditions,
        };
        DisruptionRules.SayAllowed(next, now.UtcDateTime);
        return IsSame(old, next) ? null : next;
    }

    private static (int Expected, int Desired) Expect(PodDisruptionBudgetObserved observed)
    {
        var (spec, scale) = (observed.Budget.Spec, observed.Scale.Sum);
        return spec switch
        {
            { MaxUnavailable: { } most } => (scale, Math.Max(0, scale - Amount(most, scale))),
            { MinAvailable: { } least } when NeedsScale(observed.Budget) => (scale, Amount(least, scale)),
            { MinAvailable: { } least } => (observed.Pods.Count, Amount(least, 0)),
            _ => (0, 0),
        };
    }

    /// <summary>A number, or a percentage of <paramref name="total"/>, rounded up.</summary>
    private static int Amount(IntOrString value, int total)
    {
        var text = value.Value;
        return text.EndsWith('%')
            ? (int)Math.Ceiling(Parse(text[..^1]) * (double)total / 100)
            : Parse(text);
    }

    private static int Parse(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>Nothing may be disrupted while nobody can count; null when the budget says so already.</summary>
    private static V1PodDisruptionBudgetStatus? Failed(V1PodDisruptionBudget budget, string why, DateTimeOffset now)
    {
        var old = budget.Status ?? new V1PodDisruptionBudgetStatus();
        var next = new V1PodDisruptionBudgetStatus
        {
            CurrentHealthy = old.CurrentHealthy,
            DesiredHealthy = old.DesiredHealthy,
            ExpectedPods = old.ExpectedPods,
            DisruptedPods = old.DisruptedPods,
            ObservedGeneration = old.ObservedGeneration,
            Conditions = old.Conditions,
        };
        DisruptionRules.SayFailed(next, why, now.UtcDateTime);
        return IsSame(old, next) ? null : next;
    }

    private static bool IsSame(V1PodDisruptionBudgetStatus a, V1PodDisruptionBudgetStatus b) =>
        (a.CurrentHealthy, a.DesiredHealthy, a.ExpectedPods, a.DisruptionsAllowed, a.ObservedGeneration)
            == (b.CurrentHealthy, b.DesiredHealthy, b.ExpectedPods, b.DisruptionsAllowed, b.ObservedGeneration)
        && (a.DisruptedPods ?? Empty).Keys.ToHashSet().SetEquals((b.DisruptedPods ?? Empty).Keys)
        && (a.Conditions ?? []).Select(Said).SequenceEqual((b.Conditions ?? []).Select(Said));

    private static readonly Dictionary<string, DateTime?> Empty = [];

    private static (string, string, string, string, long?) Said(V1Condition c) =>
        (c.Type, c.Status, c.Reason, c.Message, c.ObservedGeneration);

    /// <summary>Upstream names the namespace twice, and never the budget.</summary>
    private static EventNote NotDeleted(V1PodDisruptionBudget budget, PodFacts pod)
    {
        var home = budget.Metadata.NamespaceProperty;
        return EventNote.Warning(
            pod.Item.As<V1Pod>(), "NotDeleted", $"Pod was expected by PDB {home}/{home} to be deleted but it wasn't");
    }

    /// <summary>An eviction that was granted, of a pod that does not go yet.</summary>
    private sealed record Grant(PodFacts Pod, DateTime Since, DateTimeOffset Deadline);
}
