using System.Collections.Concurrent;
using k8s;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;

namespace OrleansOrchestrator.NodeAgent.Network;

/// <summary>All nodes of the cluster; followed only where addresses are announced.</summary>
public sealed class NodeDirectory(
    NodeAgentOptions options, IKubernetes client, TimeProvider time, ILogger<NodeDirectory> logger) : BackgroundService
{
    private readonly ConcurrentDictionary<string, V1Node> _nodes = new(StringComparer.Ordinal);

    /// <summary>Raised when a node came, changed or went. Handlers only take note.</summary>
    public event Action? Changed;

    public IReadOnlyCollection<V1Node> All => [.. _nodes.Values];

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        options.AnnounceLink.Length == 0 ? Task.CompletedTask : new Reflector<V1Node>("nodes", time, logger)
    {
        List = NodeFeed.List(client),
        Watch = NodeFeed.Watch(client),
        Replaced = Replace,
        Changed = Change,
    }.RunAsync(stoppingToken);

    private void Replace(IReadOnlyList<V1Node> nodes)
    {
        var present = nodes.Select(n => n.Metadata.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var gone in _nodes.Keys.Where(n => !present.Contains(n)))
        {
            _nodes.TryRemove(gone, out _);
        }

        foreach (var node in nodes)
        {
            _nodes[node.Metadata.Name] = node;
        }

        Changed?.Invoke();
    }

    private void Change(WatchEventType type, V1Node node)
    {
        if (type == WatchEventType.Deleted)
        {
            _nodes.TryRemove(node.Metadata.Name, out _);
        }
        else
        {
            _nodes[node.Metadata.Name] = node;
        }

        Changed?.Invoke();
    }
}
