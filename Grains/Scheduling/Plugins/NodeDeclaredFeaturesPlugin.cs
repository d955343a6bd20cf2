using OrleansOrchestrator.Grains.Scheduling.Framework;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>A pod that asks for what not every node's agent knows fits those that declare to know it.</summary>
public sealed class NodeDeclaredFeaturesPlugin : IFilterPlugin
{
    private const string RestartsAll = "RestartAllContainersOnContainerExits";

    private readonly Verdict _rejection;

    public NodeDeclaredFeaturesPlugin() =>
        _rejection = new Verdict(Name, false, "node(s) didn't match Pod's required features");

    public string Name => "NodeDeclaredFeatures";

    public ClusterChanges HelpfulChanges => ClusterChanges.NodeAdded | ClusterChanges.NodeFeatures;

    public Verdict? Filter(PodInfo pod, NodeInfo node) =>
        pod.Shape.RestartsAll && !node.DeclaredFeatures.Contains(RestartsAll) ? _rejection : null;
}
