using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Core.PodCollection;

/// <summary>Why a pod is collected.</summary>
public enum PodCollectionReason
{
    /// <summary>Too many finished pods.</summary>
    Terminated,

    /// <summary>Its node does not exist.</summary>
    Orphaned,

    /// <summary>It is being deleted and was never bound: no agent will end it.</summary>
    Unscheduled,

    /// <summary>It is being deleted on a node that is declared out of service.</summary>
    OutOfService,
}

/// <summary>What pod garbage collection finds.</summary>
public sealed record PodCollectionObserved
{
    public required IReadOnlyList<PodFacts> Pods { get; init; }

    /// <summary>Names of the nodes that exist.</summary>
    public required IReadOnlySet<string> Nodes { get; init; }

    /// <summary>Of those, the ones that are not ready and carry the out-of-service taint.</summary>
    public IReadOnlySet<string> OutOfService { get; init; } = new HashSet<string>();

    /// <summary>Nodes that do not exist, and have not for the quarantine time.</summary>
    public IReadOnlySet<string> LongGone { get; init; } = new HashSet<string>();

    /// <summary>Finished pods that may stay.</summary>
    public required int TerminatedThreshold { get; init; }
}

/// <summary>Which pods nobody will ever look after again.</summary>
public static class PodCollectionPlanner
{
    /// <summary>Each pod at most once.</summary>
    public static IReadOnlyList<(PodFacts Pod, PodCollectionReason Reason)> Compute(PodCollectionObserved observed)
    {
        var surplus = Surplus(observed).ToHashSet();
        var result = surplus.Select(static p => (p, PodCollectionReason.Terminated)).ToList();
        foreach (var pod in observed.Pods.Where(p => !surplus.Contains(p)))
        {
            if (AbandonedBy(pod, observed) is { } reason)
            {
                result.Add((pod, reason));
            }
        }

        return result;
    }

    /// <summary>
    /// Finished pods beyond the threshold. All count, also those that go for another reason, so that the threshold
    /// never keeps more than it says.
    /// </summary>
    private static IEnumerable<PodFacts> Surplus(PodCollectionObserved observed)
    {
        var finished = observed.TerminatedThreshold > 0 ? observed.Pods.Where(static p => p.IsFinished).ToList() : [];
        return finished.OrderByDescending(static p => p.IsEvicted)
            .ThenBy(static p => p.Item.Metadata.CreationTimestamp)
            .ThenBy(static p => p.Key.Name, StringComparer.Ordinal)
            .Take(finished.Count - observed.TerminatedThreshold);
    }

    /// <summary>Why nobody looks after the pod; null when somebody does.</summary>
    private static PodCollectionReason? AbandonedBy(PodFacts pod, PodCollectionObserved observed) =>
        pod.IsTerminating && pod.NodeName.Length == 0 ? PodCollectionReason.Unscheduled
        : pod.IsTerminating && observed.OutOfService.Contains(pod.NodeName) ? PodCollectionReason.OutOfService
        : observed.LongGone.Contains(pod.NodeName) ? PodCollectionReason.Orphaned
        : null;

    /// <summary>Nodes that pods name and that do not exist.</summary>
    public static IReadOnlySet<string> Missing(IEnumerable<PodFacts> pods, IReadOnlySet<string> nodes) =>
        pods.Select(p => p.NodeName).Where(n => n.Length > 0 && !nodes.Contains(n)).ToHashSet(StringComparer.Ordinal);
}
