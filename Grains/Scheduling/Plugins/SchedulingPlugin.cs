using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

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

/// <summary>
/// Kinds of things that happen and may make room for a waiting pod.
/// </summary>
[Flags]
public enum ClusterChanges
{
    None = 0,
    NodeAdded = 1,
    NodeUpdated = 2,
    Node = NodeAdded | NodeUpdated,

    /// <summary>A claim, volume or storage class; it may help any pod that has claims.</summary>
    Volume = 4,

    /// <summary>A pod came onto a node, or one there has other labels: it may help pods that look at others.</summary>
    PodPlaced = 8,

    /// <summary>A class or slice of devices, or devices that are free: may help any pod with ResourceClaims.</summary>
    Device = 16,

    /// <summary>A node went: where others have to be evenly spread over fewer domains, it may help.</summary>
    NodeRemoved = 32,

    /// <summary>A pod left a node, and what it had there is free.</summary>
    PodGone = 64,
}

/// <summary>What happened since the queue was told last.</summary>
public sealed class ClusterEvents
{
    public ClusterChanges Kinds { get; set; }

    /// <summary>What was the last of it, in the words of <see cref="QueueEvents"/>.</summary>
    public string Cause { get; set; } = QueueEvents.NodeUpdate;

    /// <summary>They may help pods that look at others.</summary>
    public MovedPods Moved { get; } = new();

    /// <summary>Nodes that came, or changed what they offer or demand.</summary>
    public HashSet<NodeInfo> ChangedNodes { get; } = [];

    /// <summary>Nodes that pods have left.</summary>
    public HashSet<NodeInfo> FreedNodes { get; } = [];

    /// <summary>ResourceClaims that came or changed: they may help the pods that use them.</summary>
    public HashSet<ObjectKey> ChangedClaims { get; } = [];

    public bool IsEmpty => Kinds == ClusterChanges.None && HasOnlyKinds;

    /// <summary>True when pods came onto nodes and nothing else happened, as when many are scheduled.</summary>
    public bool HasOnlyPlacedPods =>
        Kinds == ClusterChanges.PodPlaced && HasOnlyKinds;

    private bool HasOnlyKinds => ChangedNodes.Count == 0 && FreedNodes.Count == 0 && ChangedClaims.Count == 0;

    /// <summary>True when something happened to devices that pods with ResourceClaims wait for.</summary>
    public bool MayHelp(PodInfo pod)
    {
        if (pod.DeviceClaims.Length == 0 && pod.Shape.Extended.Length == 0)
        {
            return false;
        }

        if (Kinds.HasFlag(ClusterChanges.Device))
        {
            return true;
        }

        foreach (var use in pod.DeviceClaims)
        {
            if (ChangedClaims.Contains(use.Key(pod)))
            {
                return true;
            }
        }

        return ChangedClaims.Count > 0 && pod.Shape.Extended.Length > 0
            && ChangedClaims.Contains(ExtendedClaims.KeyFor(pod));
    }

    public void Clear()
    {
        Kinds = ClusterChanges.None;
        Moved.Clear();
        ChangedNodes.Clear();
        FreedNodes.Clear();
        ChangedClaims.Clear();
    }
}

/// <summary>A rejection. Instances are kept by plugins and shared, for they are made for every node.</summary>
/// <param name="Plugin">Who rejects.</param>
/// <param name="IsResolvable">False when removing pods from the node would not help.</param>
/// <param name="Reasons">As counted in the message.</param>
public sealed record Verdict(string Plugin, bool IsResolvable, params IReadOnlyList<string> Reasons)
{
    /// <summary>The plugin cannot judge the pod at all, so that no other node is looked at.</summary>
    public bool IsError { get; init; }
}
