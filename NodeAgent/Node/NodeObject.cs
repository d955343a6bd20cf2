using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>The Node object as last seen in the API; null before the first answer.</summary>
public sealed class NodeObject(IClusterApi api, NodeAgentOptions options)
{
    private volatile V1Node? _current;
    private volatile bool _isUnschedulable;

    /// <summary>Raised when another version has arrived.</summary>
    public event Action<V1Node>? Changed;

    /// <summary>Raised when somebody has cordoned the node, or uncordoned it.</summary>
    public event Action? SchedulableChanged;

    public V1Node? Current => _current;

    /// <summary>No further pods are to be put on the node.</summary>
    public bool IsUnschedulable => _isUnschedulable;

    public void Set(V1Node node)
    {
        _current = node;
        Changed?.Invoke(node);
    }

    /// <summary>Takes note of what a version of the object says, which may be older than the current one.</summary>
    public void NoteSchedulable(V1Node seen)
    {
        var isUnschedulable = seen.Spec?.Unschedulable == true;
        if (isUnschedulable != _isUnschedulable)
        {
            _isUnschedulable = isUnschedulable;
            SchedulableChanged?.Invoke();
        }
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
