using k8s;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>Follows the node's own object, for what others say in it.</summary>
public sealed class NodeWatch(
    NodeAgentOptions options, IKubernetes client, NodeObject node, TimeProvider time, ILogger<NodeWatch> logger)
    : BackgroundService
{
    private string Selector => $"metadata.name={options.NodeName}";

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        new Reflector<V1Node>("this node", time, logger)
    {
        List = async token =>
        {
            var list = await client.CoreV1.ListNodeAsync(fieldSelector: Selector, cancellationToken: token);
            return new ObjectList<V1Node>([.. list.Items], list.Metadata.ResourceVersion);
        },
        Watch = (revision, onError, token) => client.CoreV1.WatchListNodeAsync(
            fieldSelector: Selector,
            resourceVersion: revision,
            allowWatchBookmarks: true,
            timeoutSeconds: Reflector<V1Node>.WatchSeconds,
            onError: onError,
            cancellationToken: token),
        Replaced = seen =>
        {
            foreach (var version in seen)
            {
                node.NoteSchedulable(version);
            }
        },
        Changed = (_, version) => node.NoteSchedulable(version),
    }.RunAsync(stoppingToken);
}
