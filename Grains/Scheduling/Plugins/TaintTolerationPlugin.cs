using OrleansOrchestrator.Grains.Scheduling.Framework;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>
/// Keeps pods off nodes whose taints they do not tolerate; of the others prefers those with the fewest soft taints
/// untolerated.
/// </summary>
public sealed class TaintTolerationPlugin : IFilterPlugin, IScorePlugin
{
    private readonly Verdict _rejection;

    public TaintTolerationPlugin() => _rejection = new Verdict(Name, false, "node(s) had untolerated taint(s)");

    public string Name => "TaintToleration";

    public ClusterChanges HelpfulChanges => ClusterChanges.NodeAdded | ClusterChanges.NodeTaints;

    public int Weight => 3;

    public ScoreScale Scale => ScoreScale.ToHighestReversed;

    public Verdict? Filter(PodInfo pod, NodeInfo node) => pod.Shape.ToleratesAll(node.Taints) ? null : _rejection;

    public bool IsHelpedBy(PodChange change, PodInfo old, PodInfo pod) => change == PodChange.Tolerations;

    public int Score(PodShape pod, NodeInfo node)
    {
        var untolerated = 0;
        foreach (var taint in node.Taints)
        {
            if (taint.Effect == Taint.PreferNoSchedule && !pod.Tolerates(taint))
            {
                untolerated++;
            }
        }

        return untolerated;
    }
}
