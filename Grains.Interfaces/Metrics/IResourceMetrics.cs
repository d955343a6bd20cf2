using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Interfaces.Metrics;

/// <summary>
/// What pods and nodes use right now, from this silo's memory: the figures of <c>metrics.k8s.io</c>, for the API and
/// for autoscaling.
/// </summary>
public interface IResourceMetrics
{
    /// <summary>
    /// False while no node tells its figures: then the group is not served, as in a cluster without metrics-server.
    /// </summary>
    bool IsAvailable { get; }

    /// <summary>What a pod uses; null while nobody knows.</summary>
    /// <param name="pod">The pod as it is stored.</param>
    PodUsage? Find(ResourceObject pod);

    /// <summary>What a node uses; null while nobody knows.</summary>
    /// <param name="node">The node as it is stored.</param>
    NodeUsage? FindNode(ResourceObject node);
}

/// <summary>Amounts of the two resources that are measured.</summary>
/// <param name="CpuNanocores">Billionths of a core.</param>
/// <param name="MemoryBytes">The working set.</param>
public readonly record struct ResourceUsage(long CpuNanocores, long MemoryBytes)
{
    public static ResourceUsage operator +(ResourceUsage left, ResourceUsage right) =>
        new(left.CpuNanocores + right.CpuNanocores, left.MemoryBytes + right.MemoryBytes);
}

/// <summary>What one container uses.</summary>
public sealed record ContainerUsage(string Name, ResourceUsage Usage);

/// <summary>What the containers of a pod use.</summary>
/// <param name="Time">When it was measured.</param>
/// <param name="Window">Over which time before that.</param>
/// <param name="Containers">Each of them, in the order of names.</param>
public sealed record PodUsage(DateTimeOffset Time, TimeSpan Window, IReadOnlyList<ContainerUsage> Containers)
{
    /// <summary>The sum over all containers.</summary>
    public ResourceUsage Total => Containers.Aggregate(default(ResourceUsage), static (sum, c) => sum + c.Usage);
}

/// <summary>What a node uses.</summary>
/// <param name="Time">When it was measured.</param>
/// <param name="Window">Over which time before that.</param>
/// <param name="Usage">How much.</param>
public sealed record NodeUsage(DateTimeOffset Time, TimeSpan Window, ResourceUsage Usage);
