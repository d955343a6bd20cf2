using OrleansOrchestrator.Grains.Scheduling.Plugins;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// Finds whom to remove so that a pod that fits nowhere fits somewhere: on each node the least important pods of a
/// lower priority, and of these nodes the one where it costs least. As upstream has it, so many nodes are enough.
/// </summary>
public sealed class Preemption(ClusterTables tables, NodeTrial trial, Random random)
{
    /// <summary>So many nodes are enough to choose from.</summary>
    public const int MinCandidates = 100;

    /// <summary>Of more nodes this part is enough.</summary>
    public const int MinCandidatePercentage = 10;

    private const string NoVictims = "No preemption victims found for incoming pod";
    private const string NotHelpful = "Preemption is not helpful for scheduling";

    /// <summary>Right after the search for a node has failed: the trial knows the pod.</summary>
    /// <param name="pod">Fits nowhere.</param>
    /// <param name="nominated">Where room was made for it before.</param>
    /// <param name="nodeCount">All nodes.</param>
    /// <param name="resolvable">Those where other pods are the reason.</param>
    public PreemptionResult Find(PodInfo pod, NodeInfo? nominated, int nodeCount, IReadOnlyList<NodeInfo> resolvable)
    {
        if (!pod.MayPreempt)
        {
            return PreemptionResult.Nothing("not eligible due to preemptionPolicy=Never.");
        }

        if (nominated is not null && resolvable.Contains(nominated) && IsBeingFreed(nominated, pod))
        {
            return PreemptionResult.Nothing("not eligible due to a terminating pod on the nominated node.");
        }

        var failed = new RejectedNodes(nodeCount);
        failed.Add(NotHelpful, nodeCount - resolvable.Count);
        if (!tables.Placed.AnyBelow(pod.Priority))
        {
            failed.Add(NoVictims, resolvable.Count);
            return PreemptionResult.Hopeless(failed.Sentence());
        }

        return FindBest(pod, resolvable, failed) is { } best
            ? PreemptionResult.On(best.Node, best.Victims)
            : PreemptionResult.Hopeless(failed.Sentence());
    }

    private static bool IsBeingFreed(NodeInfo node, PodInfo pod) =>
        node.Pods.Exists(p => p.Priority < pod.Priority && p.IsDeleting && p.IsPreempted);

    private Candidate? FindBest(PodInfo pod, IReadOnlyList<NodeInfo> nodes, RejectedNodes failed)
    {
        var enough = Math.Min(nodes.Count, Math.Max(MinCandidates, nodes.Count * MinCandidatePercentage / 100));
        var (best, found, isHarmless) = (default(Candidate), 0, false);
        var start = nodes.Count == 0 ? 0 : random.Next(nodes.Count);
        for (var i = 0; i < nodes.Count && !(isHarmless && found >= enough); i++)
        {
            if (Choose(pod, nodes[(start + i) % nodes.Count], failed) is not { } candidate)
            {
                continue;
            }

            found++;
            isHarmless |= candidate.Cost.Violations == 0;
            best = best is null || candidate.Cost.CompareTo(best.Cost) < 0 ? candidate : best;
        }

        return best;
    }

    /// <summary>Takes all less important pods off, and puts back whom the pod leaves room for.</summary>
    private Candidate? Choose(PodInfo pod, NodeInfo node, RejectedNodes failed)
    {
        var eligible = ByImportance(node.Pods.Where(p => p.Priority < pod.Priority));
        if (eligible.Length == 0)
        {
            failed.Add(NoVictims, 1);
            return null;
        }

        var version = node.Version;
        foreach (var other in eligible)
        {
            trial.TakeOff(other, node);
        }

        var verdict = trial.Check(node);
        var (victims, violations) = verdict is null ? Reprieve(eligible, node) : (eligible, 0);
        foreach (var victim in victims)
        {
            trial.Put(victim, node);
        }

        node.Restore(version);
        if (verdict is not null)
        {
            failed.Add(verdict);
            return null;
        }

        Invariant.Check(victims.Length > 0, "a pod that fits without victims was not rejected", pod.Key);
        return new Candidate(node, victims, Cost.Of(victims, violations));
    }

    /// <summary>
    /// Who must go all the same. Pods that go beyond a budget are put back first, then the most important.
    /// </summary>
    private (PodInfo[] Victims, int Violations) Reprieve(PodInfo[] eligible, NodeInfo node)
    {
        var isViolated = tables.Budgets.Violated(eligible);
        var (victims, violations) = (new List<PodInfo>(), 0);
        foreach (var i in Enumerable.Range(0, eligible.Length).OrderByDescending(i => isViolated[i]))
        {
            trial.Put(eligible[i], node);
            if (trial.Check(node) is not null)
            {
                trial.TakeOff(eligible[i], node);
                victims.Add(eligible[i]);
                violations += isViolated[i] ? 1 : 0;
            }
        }

        return (ByImportance(victims), violations);
    }

    /// <summary>By priority, and among equals who has run longest first.</summary>
    private static PodInfo[] ByImportance(IEnumerable<PodInfo> pods) =>
        [.. pods.OrderByDescending(p => p.Priority).ThenBy(p => p.StartTicks)];

    private sealed record Candidate(NodeInfo Node, PodInfo[] Victims, Cost Cost);

    /// <summary>What removing pods costs; compared member by member.</summary>
    private readonly record struct Cost(int Violations, int Highest, long Sum, int Count, long EarliestStart)
        : IComparable<Cost>
    {
        /// <summary>Makes all priorities positive, so that of equally negative ones fewer are cheaper.</summary>
        private const long Offset = int.MaxValue + 1L;

        /// <param name="victims">By importance.</param>
        /// <param name="violations">How many of them go beyond a budget.</param>
        public static Cost Of(PodInfo[] victims, int violations) => new(
            violations,
            victims[0].Priority,
            victims.Sum(v => v.Priority + Offset),
            victims.Length,
            victims[0].StartTicks);

        public int CompareTo(Cost other) =>
            Violations != other.Violations ? Violations.CompareTo(other.Violations)
            : Highest != other.Highest ? Highest.CompareTo(other.Highest)
            : Sum != other.Sum ? Sum.CompareTo(other.Sum)
            : Count != other.Count ? Count.CompareTo(other.Count)
            : other.EarliestStart.CompareTo(EarliestStart);
    }
}

/// <summary>What came of looking for pods to remove.</summary>
/// <param name="Message">Why none are; null when some are.</param>
/// <param name="Node">Where room is made; null for nowhere.</param>
/// <param name="Victims">Who must go there, those included that go already; by importance.</param>
/// <param name="IsNominationKept">True when the pod may go on waiting where it was nominated before.</param>
public sealed record PreemptionResult(string? Message, NodeInfo? Node, PodInfo[] Victims, bool IsNominationKept)
{
    /// <summary>Nothing was tried.</summary>
    public static PreemptionResult Nothing(string message) => new(message, null, [], true);

    /// <summary>Nothing would help.</summary>
    public static PreemptionResult Hopeless(string message) => new(message, null, [], false);

    public static PreemptionResult On(NodeInfo node, PodInfo[] victims) => new(null, node, victims, true);
}
