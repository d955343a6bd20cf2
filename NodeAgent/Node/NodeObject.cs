using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>The Node object as last seen in the API; null before the first answer.</summary>
public sealed class NodeObject(IClusterApi api, NodeAgentOptions options)
{
    private volatile V1Node? _current;

    /// <summary>Raised when another version has arrived.</summary>
    public event Action<V1Node>? Changed;

    public V1Node? Current => _current;

    public void Set(V1Node node)
    {
        _current = node;
        Changed?.Invoke(node);
    }

    /// <summary>
    /// Looks at the API again, for who is about to decide something for good. Throws when the API does not answer: then
    /// nothing may be decided.
    /// </summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var newest = await api.GetNodeAsync(options.NodeName, cancellationToken);
        if (newest is not null && newest.Metadata.ResourceVersion != _current?.Metadata.ResourceVersion)
        {
            Set(newest);
        }
    }
}
