namespace OrleansOrchestrator.Grains.Scheduling.Framework;

/// <summary>A rule of the scheduler; names and messages are upstream's.</summary>
public interface ISchedulingPlugin
{
    string Name { get; }

    /// <summary>Whether the change of a pod may turn around what the plugin said of it: upstream's hints.</summary>
    bool IsHelpedBy(PodChange change, PodInfo old, PodInfo pod) => false;
}

/// <summary>Holds pods back from being tried at all.</summary>
public interface IPreEnqueuePlugin : ISchedulingPlugin
{
    bool Allows(PodInfo pod);
}

/// <summary>Looks at a pod once, before any node.</summary>
public interface IPreFilterPlugin : ISchedulingPlugin
{
    PreFilterResult PreFilter(PodInfo pod);
}

/// <summary>What is known of a pod before nodes are looked at.</summary>
/// <param name="Rejection">Set when no node can do.</param>
/// <param name="NodeNames">When set, only these nodes need be tried.</param>
public readonly record struct PreFilterResult(Verdict? Rejection, IReadOnlyCollection<string>? NodeNames);

/// <summary>
/// Says whether a pod may run on a node. Depends on nothing but the pod's <see cref="PodInfo.Shape"/>, its node name,
/// and the node: results are kept and shared by all pods of one shape until <see cref="NodeInfo.Version"/> moves. (Of
/// <see cref="PodInfo.OnlyNode"/> it depends, too: results are shared when no other node is asked about.)
/// </summary>
public interface IFilterPlugin : ISchedulingPlugin
{
    /// <summary>Null when the pod may run there.</summary>
    Verdict? Filter(PodInfo pod, NodeInfo node);

    /// <summary>What could turn a rejection by this plugin around.</summary>
    ClusterChanges HelpfulChanges { get; }

    /// <summary>
    /// Whether the change of a node that does for a pod now may be what the pod waits for: upstream's hints.
    /// </summary>
    /// <param name="pod">The pod.</param>
    /// <param name="before">The node as it was, a <see cref="NodeInfo.Copy"/>.</param>
    /// <param name="node">As it is.</param>
    bool MindsChange(PodInfo pod, NodeInfo before, NodeInfo node) => Filter(pod, before) is not null;
}

/// <summary>Prefers some nodes over others; the same dependencies as <see cref="IFilterPlugin"/>.</summary>
public interface IScorePlugin : ISchedulingPlugin
{
    int Weight { get; }

    ScoreScale Scale { get; }

    /// <summary>0 to 100, or any number from 0 when it is scaled afterwards.</summary>
    int Score(PodShape pod, NodeInfo node);
}

/// <summary>How raw scores of all candidates become 0 to 100.</summary>
public enum ScoreScale
{
    /// <summary>They already are.</summary>
    None,

    /// <summary>The highest becomes 100.</summary>
    ToHighest,

    /// <summary>The highest becomes 0, and 0 becomes 100.</summary>
    ToHighestReversed,
}
