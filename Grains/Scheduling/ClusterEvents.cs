using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>What happened since the queue was told last.</summary>
public sealed class ClusterEvents
{
    public ClusterChanges Kinds { get; set; }

    /// <summary>What was the last of it, in the words of <see cref="QueueEvents"/>; empty without any.</summary>
    public string Cause { get; set; } = "";

    /// <summary>They may help pods that look at others.</summary>
    public MovedPods Moved { get; } = new();

    /// <summary>Nodes that came, went, or changed what they offer or demand.</summary>
    public Dictionary<NodeInfo, NodeChange> ChangedNodes { get; } = [];

    /// <summary>Nodes that pods have left.</summary>
    public HashSet<NodeInfo> FreedNodes { get; } = [];

    /// <summary>ResourceClaims that came or changed: they may help the pods that use them.</summary>
    public HashSet<ObjectKey> ChangedClaims { get; } = [];

    /// <summary>PersistentVolumeClaims that came or changed: they may help the pods that use them.</summary>
    public HashSet<ObjectKey> ChangedVolumeClaims { get; } = [];

    public bool IsEmpty => Kinds == ClusterChanges.None && HasOnlyKinds;

    /// <summary>True when pods came onto nodes and nothing else happened, as when many are scheduled.</summary>
    public bool HasOnlyPlacedPods =>
        Kinds == ClusterChanges.PodPlaced && HasOnlyKinds;

    private bool HasOnlyKinds => ChangedNodes.Count == 0 && FreedNodes.Count == 0 && ChangedClaims.Count == 0
        && ChangedVolumeClaims.Count == 0;

    /// <summary>Something happened to a node: of several things, pods were last looked at before the first.</summary>
    public void Add(NodeChange change)
    {
        Kinds |= change.Kinds;
        ChangedNodes[change.Node] = ChangedNodes.TryGetValue(change.Node, out var first)
            ? first with { Kinds = first.Kinds | change.Kinds }
            : change;
    }

    /// <summary>What happened to a pod's claims, and to what claims may need.</summary>
    public ClusterChanges StorageFor(PodInfo pod)
    {
        var isOwn = ChangedVolumeClaims.Count > 0
            && Array.Exists(pod.Claims, c => ChangedVolumeClaims.Contains(c.Key(pod)));
        return (Kinds & ClusterChanges.Storage) | (isOwn ? ClusterChanges.VolumeClaim : ClusterChanges.None);
    }

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
        Cause = "";
        Moved.Clear();
        ChangedNodes.Clear();
        FreedNodes.Clear();
        ChangedClaims.Clear();
        ChangedVolumeClaims.Clear();
    }
}
