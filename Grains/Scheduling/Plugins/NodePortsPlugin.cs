using OrleansOrchestrator.Grains.Scheduling.Framework;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>No two pods on one node may have the same host port.</summary>
public sealed class NodePortsPlugin : IFilterPlugin
{
    private readonly Verdict _rejection;

    public NodePortsPlugin() =>
        _rejection = new Verdict(Name, true, "node(s) didn't have free ports for the requested pod ports");

    public string Name => "NodePorts";

    public ClusterChanges HelpfulChanges => ClusterChanges.NodeAdded | ClusterChanges.PodGone;

    public Verdict? Filter(PodInfo pod, NodeInfo node) =>
        pod.Shape.HostPorts.Length == 0 || node.HasFreePorts(pod.Shape.HostPorts) ? null : _rejection;
}
