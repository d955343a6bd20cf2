using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.TestKit.Scheduling;

namespace OrleansOrchestrator.Grains.Tests.Scheduling.Plugins;

/// <summary>Reads sketches the way the scheduler reads objects.</summary>
internal sealed class PluginFixture
{
    private readonly ClusterTables _tables = new();
    private readonly NodeTable _nodes;
    private readonly PodReader _reader;

    public PluginFixture()
    {
        _nodes = new NodeTable(_tables);
        _reader = new PodReader(Scalars);
    }

    public ScalarResources Scalars => _tables.Scalars;

    public ImageTable Images => _tables.Images;

    public PodInfo Pod(string spec = "", string requests = "", int hostPort = 0, string nodeName = "") =>
        _reader.Read(
            new PodSketch("p") { Spec = spec, Requests = requests, HostPort = hostPort, NodeName = nodeName }.Build());

    public NodeInfo Node(NodeSketch sketch, params PodInfo[] pods)
    {
        var node = _nodes.Update(sketch.Build())!.Node;
        foreach (var pod in pods)
        {
            node.AddPod(pod.Shape);
        }

        return node;
    }
}
