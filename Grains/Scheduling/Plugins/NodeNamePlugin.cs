using OrleansOrchestrator.Grains.Scheduling.Framework;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>A pod that names its node fits no other.</summary>
public sealed class NodeNamePlugin : IFilterPlugin
{
    private readonly Verdict _rejection;

    public NodeNamePlugin() => _rejection = new Verdict(Name, false, "node(s) didn't match the requested node name");

    public string Name => "NodeName";

    public ClusterChanges HelpfulChanges => ClusterChanges.NodeAdded;

    public Verdict? Filter(PodInfo pod, NodeInfo node) =>
        pod.NodeName.Length == 0 || string.Equals(pod.NodeName, node.Name, StringComparison.Ordinal)
            ? null
            : _rejection;
}
