namespace OrleansOrchestrator.NodeAgent.Numa;

/// <summary>
/// Finds the nodes on which most providers agree, as upstream's topology manager does: of all combinations of one hint
/// of each resource, that whose common nodes are best. Pure.
/// </summary>
/// <param name="Nodes">All nodes of the machine, with their distances.</param>
/// <param name="Policy">Decides whether the best is good enough.</param>
/// <param name="PrefersClosest">Of as many nodes, those that are closest to each other are best.</param>
public sealed record HintMerger(NumaDistances Nodes, TopologyPolicy Policy, bool PrefersClosest)
{
    /// <summary>The best nodes, and whether the policy accepts them.</summary>
    public (TopologyHint Best, bool IsAdmitted) Merge(IEnumerable<TopologyHints> provided)
    {
        var hints = provided.SelectMany(Filled).ToList();
        if (Policy == TopologyPolicy.SingleNumaNode)
        {
            hints = [.. hints.Select(static all => (IReadOnlyList<TopologyHint>)[.. all.Where(IsSingle)])];
        }

        var best = Best(hints);
        if (Policy == TopologyPolicy.SingleNumaNode && best.Nodes == Nodes.All)
        {
            best = best with { Nodes = null };
        }

        return (best, Policy == TopologyPolicy.BestEffort || best.IsPreferred);
    }

    private static IEnumerable<IReadOnlyList<TopologyHint>> Filled(TopologyHints hints) => hints.Count == 0
        ? [[TopologyHint.Any]]
        : hints.Values.Select(static all => all switch
        {
            null => [TopologyHint.Any],
            [] => [TopologyHint.None],
            _ => all,
        });

    private static bool IsSingle(TopologyHint hint) => hint.IsPreferred && hint.Nodes is null or { Count: 1 };

    /// <summary>
    /// Of all combinations only what they come to is kept, resource by resource: there are no more of these than sets
    /// of nodes, and the best is the best in whatever order.
    /// </summary>
    private TopologyHint Best(List<IReadOnlyList<TopologyHint>> hints)
    {
        var wanted = hints.Select(Narrowest).DefaultIfEmpty().Max();
        IEnumerable<TopologyHint> merged = [TopologyHint.Any];
        foreach (var next in hints)
        {
            merged = merged.SelectMany(_ => next, Merged).Distinct().ToList();
        }

        TopologyHint? best = null;
        foreach (var candidate in merged.Select(h => h with { Nodes = h.Nodes ?? Nodes.All }).Where(HasNodes))
        {
            best = best is { } current ? Better(current, candidate, wanted) : candidate;
        }

        return best ?? new TopologyHint(Nodes.All, IsPreferred: false);
    }

    private static bool HasNodes(TopologyHint hint) => hint.Nodes is { Count: > 0 };

    /// <summary>How many nodes the narrowest hint has; 0 where nodes do not matter.</summary>
    private static int Narrowest(IReadOnlyList<TopologyHint> hints) =>
        hints.Where(static h => h.Nodes is not null).Select(static h => h.Nodes!.Value.Count).DefaultIfEmpty().Min();

    /// <summary>It is preferred only where both are, and both are of the same nodes.</summary>
    private static TopologyHint Merged(TopologyHint all, TopologyHint next) => new(
        all.Nodes is { } some && next.Nodes is { } more ? some.And(more) : all.Nodes ?? next.Nodes,
        all.IsPreferred && next.IsPreferred && (all.Nodes is null || next.Nodes is null || all.Nodes == next.Nodes));

    /// <summary>
    /// Of two that are not preferred, that is better which comes closer to so many nodes as the resource needs that
    /// needs most, but not above that.
    /// </summary>
    private TopologyHint Better(TopologyHint current, TopologyHint candidate, int wanted)
    {
        if (current.IsPreferred != candidate.IsPreferred)
        {
            return current.IsPreferred ? current : candidate;
        }

        var (now, then) = (current.Nodes!.Value.Count, candidate.Nodes!.Value.Count);
        if (current.IsPreferred || now > wanted || (now == then && now <= wanted))
        {
            return Fitter(current, candidate);
        }

        return now < wanted && then <= wanted && then > now ? candidate : current;
    }

    private TopologyHint Fitter(TopologyHint current, TopologyHint candidate)
    {
        var (now, then) = (current.Nodes!.Value, candidate.Nodes!.Value);
        if (now == then)
        {
            return current;
        }

        var closest = PrefersClosest && Policy != TopologyPolicy.SingleNumaNode && now.Count == then.Count
            ? Nodes.Average(then).CompareTo(Nodes.Average(now))
            : 0;
        return closest < 0 || (closest == 0 && then.IsNarrowerThan(now)) ? candidate : current;
    }
}
