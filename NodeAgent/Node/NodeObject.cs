using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>The Node object as last seen in the API; null before the first answer.</summary>
public sealed class NodeObject(IClusterApi api, NodeAgentOptions options)
{
    /// <summary>Answers and the watch come at the same time: held from a look at the version to the news of it, so that
    /// the newest is told last.</summary>
    private readonly Lock _lock = new();
    private volatile V1Node? _current;

    /// <summary>Raised when another version has arrived.</summary>
    public event Action<V1Node>? Changed;

    /// <summary>Raised when somebody else says of the node's conditions what it did not say itself.</summary>
    public event Action? Contradicted;

    public V1Node? Current => _current;

    /// <summary>Takes an answer of the API; a watch may have been faster, and brought a newer version.</summary>
    public void Set(V1Node node)
    {
        lock (_lock)
        {
            if (_current is { } known && RevisionOf(node) < RevisionOf(known))
            {
                return;
            }

            _current = node;
            Changed?.Invoke(node);
        }
    }

    /// <summary>
    /// Takes a version that a watch brings: what is known already, from an answer to a write, and what is older are no
    /// news. Nothing is taken before the node is registered.
    /// </summary>
    public void Observe(V1Node seen)
    {
        if (_current is { } known && RevisionOf(seen) > RevisionOf(known))
        {
            Set(seen);
            if (!Conditions(known).SetEquals(Conditions(seen)))
            {
                Contradicted?.Invoke();
            }
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

    private static HashSet<(string Type, string Status)> Conditions(V1Node node) =>
        [.. (node.Status?.Conditions ?? []).Select(static c => (c.Type, c.Status))];

    private static ulong RevisionOf(V1Node node) =>
        ulong.TryParse(node.Metadata?.ResourceVersion, CultureInfo.InvariantCulture, out var revision) ? revision : 0;
}
