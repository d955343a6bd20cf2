namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>Node selectors, and required and preferred node affinity.</summary>
public sealed class NodeAffinityPlugin : IPreFilterPlugin, IFilterPlugin, IScorePlugin
{
    private readonly Verdict _rejection;
    private readonly Verdict _conflict;

    public NodeAffinityPlugin()
    {
        _rejection = new Verdict(Name, false, "node(s) didn't match Pod's node affinity/selector");
        _conflict = new Verdict(Name, false, "pod affinity terms conflict");
    }

    public string Name => "NodeAffinity";

    public ClusterChanges HelpfulChanges => ClusterChanges.Node;

    public int Weight => 2;

    public ScoreScale Scale => ScoreScale.ToHighest;

    public PreFilterResult PreFilter(PodInfo pod)
    {
        var names = pod.Shape.Required?.ConfinedTo();
        return names is { Count: 0 } ? new PreFilterResult(_conflict, null) : new PreFilterResult(null, names);
    }

    public Verdict? Filter(PodInfo pod, NodeInfo node) =>
        pod.Shape.Required is { } required && !required.Matches(node) ? _rejection : null;

    public int Score(PodShape pod, NodeInfo node)
    {
        var sum = 0;
        foreach (var preferred in pod.Preferred)
        {
            if (preferred.Term.Matches(node))
            {
                sum += preferred.Weight;
            }
        }

        return sum;
    }
}
