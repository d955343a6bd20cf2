using OrleansOrchestrator.Grains.Scheduling.Framework;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>
/// A rule about other pods that keeps nobody away, prefers nothing, or weighs something else than usual.
/// </summary>
internal sealed class AdjustedRelation : IRelationPlugin
{
    private readonly IRelationPlugin _plugin;
    private readonly bool _filters;
    private readonly bool _scores;

    private AdjustedRelation(IRelationPlugin plugin, bool filters, bool scores, int weight)
    {
        (_plugin, _filters, _scores, Weight) = (plugin, filters, scores, weight);
        MindsPods = filters && plugin.MindsPods;
    }

    public string Name => _plugin.Name;

    public int Weight { get; }

    public bool MindsPods { get; }

    public ClusterChanges HelpfulChanges => _plugin.HelpfulChanges;

    /// <summary>The plugin as a profile wants it; null when it takes no part.</summary>
    public static IRelationPlugin? Of(IRelationPlugin plugin, SchedulerProfile profile)
    {
        var filters = profile.Has(SchedulingPoint.Filter, plugin.Name);
        var scores = profile.Has(SchedulingPoint.Score, plugin.Name);
        var weight = profile.WeightOf(plugin.Name, plugin.Weight);
        return !filters && !scores ? null
            : filters && scores && weight == plugin.Weight ? plugin
            : new AdjustedRelation(plugin, filters, scores, weight);
    }

    public bool MindsNode(PodInfo pod, NodeInfo node) => _plugin.MindsNode(pod, node);

    public bool Minds(PodInfo pod, PodInfo other) => _plugin.Minds(pod, other);

    public bool IsHelpedBy(PodChange change, PodInfo old, PodInfo pod) => _plugin.IsHelpedBy(change, old, pod);

    public IPodRelations? Prepare(PodInfo pod, NodeInfo[] nodes) =>
        _plugin.Prepare(pod, nodes) is { } relations ? new Relations(this, relations) : null;

    private sealed class Relations(AdjustedRelation plugin, IPodRelations relations) : IPodRelations
    {
        public Verdict? Filter(NodeInfo node) => plugin._filters ? relations.Filter(node) : null;

        public void Count(PodInfo other, NodeInfo node, int change) => relations.Count(other, node, change);

        public int[]? Score(ReadOnlySpan<NodeInfo> candidates) => plugin._scores ? relations.Score(candidates) : null;
    }
}
