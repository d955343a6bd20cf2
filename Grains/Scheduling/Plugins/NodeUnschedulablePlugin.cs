using OrleansOrchestrator.Grains.Scheduling.Framework;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>Keeps pods off cordoned nodes, unless they tolerate the taint that stands for it.</summary>
public sealed class NodeUnschedulablePlugin : IFilterPlugin
{
    private static readonly Taint Cordoned = new("node.kubernetes.io/unschedulable", "", Taint.NoSchedule);

    private readonly Verdict _rejection;

    public NodeUnschedulablePlugin() => _rejection = new Verdict(Name, false, "node(s) were unschedulable");

    public string Name => "NodeUnschedulable";

    public ClusterChanges HelpfulChanges => ClusterChanges.NodeAdded | ClusterChanges.NodeTaints;

    public Verdict? Filter(PodInfo pod, NodeInfo node) =>
        node.IsUnschedulable && !pod.Shape.Tolerates(Cordoned) ? _rejection : null;

    public bool IsHelpedBy(PodChange change, PodInfo old, PodInfo pod) =>
        change == PodChange.Tolerations && pod.Shape.Tolerates(Cordoned);
}
