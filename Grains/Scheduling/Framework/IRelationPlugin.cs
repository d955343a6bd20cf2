namespace OrleansOrchestrator.Grains.Scheduling.Framework;

/// <summary>
/// A rule about where a pod is among other pods, or else by what it has to itself. What it says of a node depends on
/// more than pod and node, so nothing of it is kept: it is asked anew for every pod, about the nodes that
/// <see cref="IFilterPlugin"/>s leave.
/// </summary>
public interface IRelationPlugin : ISchedulingPlugin
{
    int Weight { get; }

    /// <summary>True when pods that come or go, on any node, may turn a rejection by this plugin around.</summary>
    bool MindsPods { get; }

    /// <summary>Which changes of nodes may turn a rejection by this plugin around.</summary>
    ClusterChanges HelpfulChanges { get; }

    /// <summary>
    /// Whether a node that comes, changes or goes in such a way may do so; asked of the node as it was, too.
    /// </summary>
    bool MindsNode(PodInfo pod, NodeInfo node) => true;

    /// <summary>
    /// Whether another pod, which comes onto a node, leaves it or has other labels, may turn the rejection of a pod by
    /// this plugin around: upstream's hints. Depends on nothing but shapes, namespaces and labels of the two.
    /// </summary>
    bool Minds(PodInfo pod, PodInfo other) => false;

    /// <summary>Looks at the cluster once for a pod; null when there is nothing to say of it.</summary>
    IPodRelations? Prepare(PodInfo pod, NodeInfo[] nodes);
}

/// <summary>What a rule found out for one pod.</summary>
public interface IPodRelations
{
    /// <summary>Null when the pod may run there.</summary>
    Verdict? Filter(NodeInfo node);

    /// <summary>For a trial, a pod (and no other) comes onto the node (1) or leaves it (-1).</summary>
    void Count(PodInfo other, NodeInfo node, int change);

    /// <summary>0 to 100 for each of the candidates, by their places; null when all are alike.</summary>
    int[]? Score(ReadOnlySpan<NodeInfo> candidates);
}
