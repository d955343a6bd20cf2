using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Numa;

/// <summary>What a container needs of one resource cannot be had; the text is upstream's.</summary>
public sealed class AllocationException(string message, string? reason = null) : Exception(message)
{
    /// <summary>Why the pod is refused; null where nobody expects that.</summary>
    public string? Reason { get; } = reason;
}

/// <summary>
/// Gives containers parts of the machine that are nobody else's until their pod ends. All is asked under the turn of
/// <see cref="TopologyManager"/>: one pod after the other, and one container after the other.
/// </summary>
public interface IHintProvider
{
    /// <summary>The pod wants something of it.</summary>
    bool Concerns(V1Pod pod);

    /// <summary>From where a container could get what it needs.</summary>
    TopologyHints HintsOf(V1Pod pod, V1Container container);

    /// <summary>From where all of a pod's containers could get what they need.</summary>
    TopologyHints HintsOf(V1Pod pod);

    /// <summary>
    /// Gives a container what it needs, as far as it can from those nodes; what it has already, it keeps.
    /// </summary>
    /// <exception cref="AllocationException">It cannot be had: the pod is refused.</exception>
    /// <exception cref="IOException">It cannot be written down, and is not given: the pod may try again.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    Task AllocateAsync(V1Pod pod, V1Container container, NumaSet? nodes, CancellationToken cancellationToken);

    /// <summary>A pod has ended: what it had is free.</summary>
    void Release(string uid);

    /// <summary>
    /// Frees what pods had that went while the agent was away: those that are not known while nothing is given.
    /// </summary>
    void Keep(Predicate<string> isKnown);
}
