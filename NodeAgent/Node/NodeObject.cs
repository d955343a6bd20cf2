using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>The Node object as last seen in the API; null before the first answer.</summary>
public sealed class NodeObject
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
}
