using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Grains.Scheduling.Extenders;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// Finds whom to remove so that a pod that fits nowhere fits somewhere: on each node the least important pods of a
/// lower priority, and of these nodes the one where it costs least. As upstream has it, so many nodes are enough.
/// </summary>
/// <param name="tables">What is known beside the nodes.</param>
/// <param name="trial">Looks at nodes without some of their pods.</param>
/// <param name="random">Says where to begin.</param>
/// <param name="limits">How many nodes are enough; null for as many as upstream finds enough.</param>
public sealed class Preemption(ClusterTables tables, NodeTrial trial, Random random, PreemptionLimits? limits = null)
{
    private const string NoVictims = "No preemption victims found for incoming pod";
    private const string NotHelpful = "Preemption is not helpful for scheduling";

    private readonly PreemptionLimits _limits = limits ?? new();

    /// <summary>Right after the search for a node has failed: the trial knows the pod.</summary>
    /// <param name="pod">Fits nowhere.</param>
    /// <param name="nominated">Where room was made for it before.</param>
    /// <param name="nodeCount">All nodes.</param>
    /// <param name="resolvable">Those where other pods are the reason.</param>
    public PreemptionResult Find(PodInfo pod, NodeInfo? nominated, int nodeCount, IReadOnlyList<NodeInfo> resolvable)
    {
        var (candidates, nothing) = Candidates(pod, nominated, nodeCount, resolvable);
        Invariant.Check(nothing is not { IsError: true }, "a pod that needs no victims was not rejected", pod.Key);
        return nothing ?? Cheapest(candidates);
    }

    /// <summary>The same where extenders have a say in it; nothing may change meanwhile.</summary>
    internal async Task<PreemptionResult> FindAsync(
        PodInfo pod, NodeInfo? nominated, NodeTable nodes, IReadOnlyList<NodeInfo> resolvable, ExtenderSet extenders,
        CancellationToken cancellationToken)
    {
        var (candidates, nothing) = Candidates(pod, nominated, nodes.Order.Length, resolvable);
        if (nothing is not null)
        {
            return nothing;
        }

        var (left, error) = await extenders.PreemptAsync(
            pod, candidates, name => nodes.Find(name) is { Exists: true } node ? node : null, cancellationToken);
        return error is not null ? PreemptionResult.Failed(error)
            : left.Count == 0 ? PreemptionResult.Nothing("no candidate node for preemption")
            : Cheapest(left);
    }

    private static PreemptionResult Cheapest(IReadOnlyList<PreemptionCandidate> candidates)
    {
        var best = candidates.MinBy(static c => c.Cost)!;
        return PreemptionResult.On(best.Node, best.Victims);
    }

    /// <summary>Where room can be made; without any, what is to be said of it.</summary>
    private (IReadOnlyList<PreemptionCandidate> Candidates, PreemptionResult? Nothing) Candidates(
        PodInfo pod, NodeInfo? nominated, int nodeCount, IReadOnlyList<NodeInfo> resolvable)
    {
        if (!pod.MayPreempt)
        {
            return ([], PreemptionResult.Nothing("not eligible due to preemptionPolicy=Never."));
        }

        if (nominated is not null && resolvable.Contains(nominated) && IsBeingFreed(nominated, pod))
        {
            return ([], PreemptionResult.Nothing("not eligible due to a terminating pod on the nominated node."));
        }

        var failed = new RejectedNodes(nodeCount);
        failed.Add(NotHelpful, nodeCount - resolvable.Count);
        if (!tables.Placed.AnyBelow(pod.Priority))
        {
            failed.Add(NoVictims, resolvable.Count);
            return ([], PreemptionResult.Hopeless(failed.Sentence()));
        }

        var errors = new List<string>();
        var candidates = Search(pod, resolvable, failed, errors);
        return candidates.Count > 0 ? (candidates, null)
            : GoErrors.Join(errors) is { } error ? ([], PreemptionResult.Failed(error))
            : ([], PreemptionResult.Hopeless(failed.Sentence()));
    }

    private static bool IsBeingFreed(NodeInfo node, PodInfo pod) =>
        node.Pods.Exists(p => p.Priority < pod.Priority && p.IsDeleting && p.IsPreempted);

    private List<PreemptionCandidate> Search(
        PodInfo pod, IReadOnlyList<NodeInfo> nodes, RejectedNodes failed, List<string> errors)
    {
        var (found, isHarmless, enough) = (new List<PreemptionCandidate>(), false, _limits.Of(nodes.Count));
        var start = nodes.Count == 0 ? 0 : random.Next(nodes.Count);
        for (var i = 0; i < nodes.Count && !(isHarmless && found.Count >= enough); i++)
        {
            if (Choose(pod, nodes[(start + i) % nodes.Count], failed, errors) is { } candidate)
            {
                found.Add(candidate);
                isHarmless |= candidate.Violations == 0;
            }
        }

        return found;
    }

    /// <summary>Takes all less important pods off, and puts back whom the pod leaves room for.</summary>
    private PreemptionCandidate? Choose(PodInfo pod, NodeInfo node, RejectedNodes failed, List<string> errors)
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

        if (victims.Length == 0)
        {
            // It was an extender that rejected the node, whatever is on it.
            errors.Add(PreemptionCandidate.NoVictims(node.Name));
            return null;
        }

        return new PreemptionCandidate(node, victims, violations);
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
}
