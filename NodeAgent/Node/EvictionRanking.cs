using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>A pod with what it uses of what the node is short of.</summary>
public sealed record EvictionCandidate(V1Pod Pod, long Usage, long Request)
{
    public bool ExceedsRequest => Usage > Request;
}

/// <summary>
/// Who goes first when the node is short: those above their request, then lower priority, then whoever is furthest
/// above. Critical pods (priority two billion and up) and static ones stay. Pure.
/// </summary>
public static class EvictionRanking
{
    private const int CriticalPriority = 2_000_000_000;

    public static EvictionCandidate? First(IEnumerable<EvictionCandidate> candidates) => candidates
        .Where(c => (c.Pod.Spec.Priority ?? 0) < CriticalPriority)
        .OrderByDescending(c => c.ExceedsRequest)
        .ThenBy(c => c.Pod.Spec.Priority ?? 0)
        .ThenByDescending(c => c.Usage - c.Request)
        .ThenBy(c => c.Pod.Metadata.Uid, StringComparer.Ordinal)
        .FirstOrDefault();
}
