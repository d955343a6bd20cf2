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
        var result = new List<(PodFacts, PodCollectionReason)>();
        var finished = new List<PodFacts>();
        foreach (var pod in observed.Pods)
        {
            if (pod.IsTerminating && pod.NodeName.Length == 0)
            {
                result.Add((pod, PodCollectionReason.Unscheduled));
            }
            else if (pod.IsTerminating && observed.OutOfService.Contains(pod.NodeName))
            {
                result.Add((pod, PodCollectionReason.OutOfService));
            }
            else if (observed.LongGone.Contains(pod.NodeName))
            {
                result.Add((pod, PodCollectionReason.Orphaned));
            }
            else if (pod.IsFinished)
            {
                finished.Add(pod);
            }
        }

        var surplus = finished.Count - observed.TerminatedThreshold;
        if (observed.TerminatedThreshold > 0 && surplus > 0)
        {
            result.AddRange(finished.OrderByDescending(p => p.IsEvicted)
                .ThenBy(p => p.Item.Metadata.CreationTimestamp)
                .ThenBy(p => p.Key.Name, StringComparer.Ordinal)
                .Take(surplus)
                .Select(p => (p, PodCollectionReason.Terminated)));
        }

        return result;
    }

    /// <summary>Nodes that pods name and that do not exist.</summary>
    public static IReadOnlySet<string> Missing(IEnumerable<PodFacts> pods, IReadOnlySet<string> nodes) =>
        pods.Select(p => p.NodeName).Where(n => n.Length > 0 && !nodes.Contains(n)).ToHashSet(StringComparer.Ordinal);
}
