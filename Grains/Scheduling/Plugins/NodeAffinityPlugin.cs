using OrleansOrchestrator.Grains.Scheduling.Framework;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>
/// Node selectors, and required and preferred node affinity; and what an administrator adds to them for all pods.
/// </summary>
public sealed class NodeAffinityPlugin : IPreFilterPlugin, IFilterPlugin, IScorePlugin
{
    private readonly NodeSelection? _added;
    private readonly PreferredTerm[] _addedPreferred;
    private readonly Verdict _enforced;
    private readonly Verdict _rejection;
    private readonly Verdict _conflict;

    /// <param name="added">What nodes must be for all pods; null for nothing.</param>
    /// <param name="addedPreferred">What is preferred for all pods; null for nothing.</param>
    public NodeAffinityPlugin(NodeSelection? added = null, IReadOnlyList<PreferredTerm>? addedPreferred = null)
    {
        (_added, _addedPreferred) = (added, [.. addedPreferred ?? []]);
        _enforced = new Verdict(Name, false, "node(s) didn't match scheduler-enforced node affinity");
        _rejection = new Verdict(Name, false, "node(s) didn't match Pod's node affinity/selector");
        _conflict = new Verdict(Name, false, "pod affinity terms conflict");
    }

    public string Name => "NodeAffinity";

    public ClusterChanges HelpfulChanges => ClusterChanges.NodeAdded | ClusterChanges.NodeLabels;

    public int Weight => 2;

    public ScoreScale Scale => ScoreScale.ToHighest;

    public PreFilterResult PreFilter(PodInfo pod)
    {
        if (pod.OnlyNode.Length > 0)
        {
            return new PreFilterResult(null, [pod.OnlyNode]);
        }

        var names = pod.Shape.Required?.ConfinedTo;
        return names is { Count: 0 } ? new PreFilterResult(_conflict, null) : new PreFilterResult(null, names);
    }

    public Verdict? Filter(PodInfo pod, NodeInfo node) =>
        _added is not null && !_added.Matches(node) ? _enforced
        : pod.Selects(node) ? null
        : _rejection;

    public int Score(PodShape pod, NodeInfo node) => Sum(_addedPreferred, node) + Sum(pod.Preferred, node);

    private static int Sum(PreferredTerm[] terms, NodeInfo node)
    {
        var sum = 0;
        foreach (var preferred in terms)
        {
            if (preferred.Term.Matches(node))
            {
                sum += preferred.Weight;
            }
        }

        return sum;
    }
}
