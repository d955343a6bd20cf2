using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// The waiting pods for which room is made on a node, or which somebody wants there. Pods of a lower priority are
/// placed as if these were there already.
/// </summary>
public sealed class NominatedPods
{
    private readonly Dictionary<string, List<PodInfo>> _byNode = new(StringComparer.Ordinal);
    private int _withTerms;

    public bool IsEmpty => _byNode.Count == 0;

    /// <summary>True when one of them has terms about other pods.</summary>
    public bool AnyWithTerms => _withTerms > 0;

    public void Add(PodInfo pod, string node)
    {
        if (!_byNode.TryGetValue(node, out var pods))
        {
            _byNode.Add(node, pods = []);
        }

        pods.Add(pod);
        _withTerms += pod.Shape.Terms is null ? 0 : 1;
    }

    public void Remove(PodInfo pod, string node)
    {
        var pods = _byNode[node];
        Invariant.Check(pods.Remove(pod), "a nominated pod is known at its node", pod.Key);
        _withTerms -= pod.Shape.Terms is null ? 0 : 1;
        if (pods.Count == 0)
        {
            _byNode.Remove(node);
        }
    }

    /// <summary>Those of a node.</summary>
    public IReadOnlyList<PodInfo> For(string node) => On(node)?.ToArray() ?? [];

    /// <summary>Those that come before the pod on a node; null without any.</summary>
    public List<PodInfo>? Before(PodInfo pod, string node) =>
        On(node)?.FindAll(p => p.Priority >= pod.Priority && p.Uid != pod.Uid) is { Count: > 0 } others ? others : null;

    /// <summary>Those that the pod comes before on a node.</summary>
    public List<PodInfo> Below(PodInfo pod, string node) => On(node)?.FindAll(p => p.Priority < pod.Priority) ?? [];

    private List<PodInfo>? On(string node) => _byNode.GetValueOrDefault(node);
}
