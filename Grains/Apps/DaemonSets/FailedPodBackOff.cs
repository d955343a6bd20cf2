namespace OrleansOrchestrator.Grains.Apps.DaemonSets;

/// <summary>
/// How soon a failed daemon is replaced: a kubelet that rejects the pod would otherwise reject them by the hundred.
/// From a second, doubled with each, up to a quarter of an hour; forgotten after twice that in peace. A new generation
/// of the set begins anew. Kept in memory only: after a crash a pod is replaced sooner than it would have been.
/// </summary>
public sealed class FailedPodBackOff
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);

    private readonly Dictionary<string, (TimeSpan Delay, DateTimeOffset Since)> _nodes = new(StringComparer.Ordinal);
    private long _generation = -1;

    /// <summary>How long to wait yet; null when a failed pod of the node may be deleted now.</summary>
    public TimeSpan? Left(string node, DateTimeOffset now) =>
        _nodes.TryGetValue(node, out var known) && known.Since + known.Delay - now is var left && left > TimeSpan.Zero
            ? left
            : null;

    /// <summary>A failed pod of the node is being deleted.</summary>
    public void Deleted(string node, DateTimeOffset now)
    {
        var isKnown = _nodes.TryGetValue(node, out var known) && now - known.Since <= Longest * 2;
        var doubled = known.Delay * 2;
        _nodes[node] = (!isKnown ? First : doubled < Longest ? doubled : Longest, now);
    }

    /// <summary>Forgets everything when the generation is another than before.</summary>
    public void Begin(long generation)
    {
        if (_generation != generation)
        {
            _nodes.Clear();
            _generation = generation;
        }
    }
}
