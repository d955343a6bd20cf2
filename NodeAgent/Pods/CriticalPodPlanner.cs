using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>Who goes so that a critical pod has what it requests, by upstream's rules.</summary>
/// <param name="Victims">They go.</param>
/// <param name="Missing">What all who may go do not have either; empty when the pod gets its room.</param>
public sealed record RoomPlan(IReadOnlyList<V1Pod> Victims, IReadOnlyList<MissingAmount> Missing)
{
    /// <summary>Upstream's words for what is missing.</summary>
    public string Problem => "preemption: error finding a set of pods to preempt: no set of running pods found to " +
        $"reclaim resources: [{string.Concat(Missing.Select(static m => $"{m}, "))}]";
}

/// <summary>An amount that is wanted and not there, in the unit of <see cref="PodResources.Of"/>.</summary>
public readonly record struct MissingAmount(string Resource, long Amount)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"(res: {Resource}, q: {Amount})");
}

/// <summary>
/// Chooses whom the node ends for a critical pod that there is no room for: as few of the guaranteed pods as possible,
/// then of the burstable ones, then of those that request nothing; among them those that come nearest to what is
/// missing. Pure.
/// </summary>
public static class CriticalPodPlanner
{
    /// <summary>For the runtime's part in it, where the pod has little time itself.</summary>
    private static readonly TimeSpan LeastEnding = TimeSpan.FromSeconds(10);

    private static readonly string[] Classes = [PodResources.Guaranteed, PodResources.Burstable, PodResources.BestEffort];

    /// <summary>Plans for one pod.</summary>
    /// <param name="pod">The critical pod.</param>
    /// <param name="others">All others that the node has.</param>
    /// <param name="missing">What the pod lacks beside them.</param>
    public static RoomPlan Plan(V1Pod pod, IReadOnlyList<V1Pod> others, IReadOnlyList<MissingAmount> missing)
    {
        var candidates = others.Where(o => MayGo(pod, o)).ToList();
        if (Without(missing, candidates) is { Count: > 0 } left)
        {
            return new RoomPlan([], left);
        }

        var victims = new List<V1Pod>();
        for (var rank = 0; rank < Classes.Length; rank++)
        {
            // What less important classes can give, they give; of this one go those that are needed beside it.
            var given = candidates.Where(c => RankOf(c) > rank).Concat(victims);
            victims.AddRange(Nearest(candidates.Where(c => RankOf(c) == rank), Without(missing, given)));
        }

        return new RoomPlan(victims, []);
    }

    /// <summary>
    /// How long somebody who goes is waited for, as upstream has it: half as long again as the pod has to end. One that
    /// takes longer, because the runtime hangs, does not keep away what the node cannot do without.
    /// </summary>
    public static TimeSpan LongestEnding(V1Pod victim)
    {
        var longest = victim.Grace() * 1.5;
        return longest > LeastEnding ? longest : LeastEnding;
    }

    private static int RankOf(V1Pod pod) => Array.IndexOf(Classes, PodResources.Qos(pod));

    /// <summary>Upstream's order of pods: critical ones before others, then by priority.</summary>
    private static bool MayGo(V1Pod pod, V1Pod other) =>
        !other.IsCritical() || (pod.Spec.Priority is { } own && other.Spec.Priority is { } its && own > its);

    private static List<V1Pod> Nearest(IEnumerable<V1Pod> pods, IReadOnlyList<MissingAmount> missing)
    {
        var (left, chosen) = (pods.ToList(), new List<V1Pod>());
        while (missing.Count > 0)
        {
            var best = left.OrderBy(p => Distance(p, missing))
                .ThenBy(static p => PodResources.Requested(p, PodResources.Memory))
                .ThenBy(static p => PodResources.Requested(p, PodResources.Cpu)).First();
            left.Remove(best);
            chosen.Add(best);
            missing = Without(missing, [best]);
        }

        return chosen;
    }

    /// <summary>
    /// How far a pod alone is from giving what is missing: the sum of squares of the shares that
    /// it lacks.
    /// </summary>
    private static double Distance(V1Pod pod, IEnumerable<MissingAmount> missing) => missing.Sum(m =>
        Math.Pow(Math.Max(0, m.Amount - Given(pod, m.Resource)) / (double)m.Amount, 2));

    /// <summary>What is missing still when pods have gone.</summary>
    private static List<MissingAmount> Without(IEnumerable<MissingAmount> missing, IEnumerable<V1Pod> gone)
    {
        var pods = gone.ToList();
        return
        [
            .. missing.Select(m => m with { Amount = m.Amount - pods.Sum(p => Given(p, m.Resource)) })
                .Where(static m => m.Amount > 0),
        ];
    }

    private static long Given(V1Pod pod, string resource) =>
        resource == PodAdmission.Pods ? 1 : PodResources.Requested(pod, resource);
}
