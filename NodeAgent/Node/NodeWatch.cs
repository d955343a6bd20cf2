using k8s;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>
/// Follows the node's own object: what others say in it, and what they say of the node that is not so (the cluster, for
/// one, calls a node unknown of which it hears nothing for a while).
/// </summary>
public sealed class NodeWatch(
    NodeAgentOptions options, IKubernetes client, NodeObject node, TimeProvider time, ILogger<NodeWatch> logger)
    : BackgroundService
{
    private string Selector => $"metadata.name={options.NodeName}";

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        new Reflector<V1Node>("this node", time, logger)
    {
        List = NodeFeed.List(client, Selector),
        Watch = NodeFeed.Watch(client, Selector),
        Replaced = seen =>
        {
            foreach (var version in seen)
            {
                node.Observe(version);
            }
        },
        Changed = (type, version) =>
        {
            if (type != WatchEventType.Deleted)
            {
                node.Observe(version);
            }
        },
    }.RunAsync(stoppingToken);
}
