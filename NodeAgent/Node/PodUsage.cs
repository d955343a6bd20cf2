using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>What one container uses.</summary>
public sealed record ContainerUsage(string Name)
{
    public long MemoryBytes { get; init; }

    /// <summary>What it wrote into its own root.</summary>
    public DiskAmount Root { get; init; }

    public DiskAmount Logs { get; init; }
}

/// <summary>What one pod uses of the node.</summary>
public sealed record PodUsage
{
    public IReadOnlyList<ContainerUsage> Containers { get; init; } = [];

    /// <summary>emptyDir volumes on disk, by name.</summary>
    public IReadOnlyDictionary<string, DiskAmount> Volumes { get; init; } = new Dictionary<string, DiskAmount>();

    public long Processes { get; init; }

    public long MemoryBytes => Containers.Sum(c => c.MemoryBytes);

    /// <summary>
    /// What lies on the file systems asked for: containers' roots are on that of images, the rest on the node's.
    /// </summary>
    public DiskAmount Disk(bool roots, bool rest)
    {
        var sum = default(DiskAmount);
        foreach (var container in Containers)
        {
            sum += roots ? container.Root : default;
            sum += rest ? container.Logs : default;
        }

        return rest ? Volumes.Values.Aggregate(sum, (total, volume) => total + volume) : sum;
    }
}
