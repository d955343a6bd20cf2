namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>What is watched for scarcity, by upstream's names.</summary>
public enum EvictionSignal
{
    MemoryAvailable,

    /// <summary>What is left to pods of the memory that all of them may have together.</summary>
    AllocatableMemoryAvailable,
    NodeFsAvailable,
    NodeFsInodesFree,
    ImageFsAvailable,
    ImageFsInodesFree,

    /// <summary>Of containers' layers; they are on the file system of the node or of images, and follow that.</summary>
    ContainerFsAvailable,
    ContainerFsInodesFree,
    PidAvailable,
}

/// <summary>An amount, or a share of what there is.</summary>
public readonly record struct ThresholdAmount(long? Amount, float Share)
{
    public long Of(long capacity) => Amount ?? (long)(capacity * (double)Share);
}

/// <summary>The node is short of something when less than this is left of it, for at least the grace period.</summary>
public sealed record EvictionThreshold(EvictionSignal Signal, ThresholdAmount Value)
{
    /// <summary>What pods are evicted for at once when less of it is left, so that none is promised it.</summary>
    /// <param name="hard"><see cref="EvictionSettings.HardThresholds"/>.</param>
    /// <param name="signal">What it is that is kept.</param>
    /// <param name="capacity">How much the machine has of it.</param>
    public static long KeptFree(IEnumerable<EvictionThreshold> hard, EvictionSignal signal, long capacity) =>
        hard.Where(t => t.Signal == signal).Select(t => t.Value.Of(capacity)).LastOrDefault();

    private static readonly Dictionary<string, EvictionSignal> Names = new(StringComparer.Ordinal)
    {
        ["memory.available"] = EvictionSignal.MemoryAvailable,
        ["allocatableMemory.available"] = EvictionSignal.AllocatableMemoryAvailable,
        ["nodefs.available"] = EvictionSignal.NodeFsAvailable,
        ["nodefs.inodesFree"] = EvictionSignal.NodeFsInodesFree,
        ["imagefs.available"] = EvictionSignal.ImageFsAvailable,
        ["imagefs.inodesFree"] = EvictionSignal.ImageFsInodesFree,
        ["containerfs.available"] = EvictionSignal.ContainerFsAvailable,
        ["containerfs.inodesFree"] = EvictionSignal.ContainerFsInodesFree,
        ["pid.available"] = EvictionSignal.PidAvailable,
    };

    /// <summary>Zero is a hard threshold: pods go at once.</summary>
    public TimeSpan Grace { get; init; }

    /// <summary>How much more than the threshold must be free before it counts as resolved.</summary>
    public ThresholdAmount MinReclaim { get; init; } = new(0, 0);

    public bool IsHard => Grace == TimeSpan.Zero;

    /// <summary>The kubelet's name of a signal.</summary>
    public static string NameOf(EvictionSignal signal) => Names.First(n => n.Value == signal).Key;

    /// <summary>The signal that the kubelet calls so; null for none.</summary>
    public static EvictionSignal? SignalOf(string name) => Names.TryGetValue(name, out var signal) ? signal : null;

    /// <summary>
    /// Thresholds, and what holds for the machine's memory at once for that of its pods too, as upstream has it.
    /// </summary>
    public static IReadOnlyList<EvictionThreshold> WithAllocatable(IReadOnlyList<EvictionThreshold> thresholds) =>
    [
        .. thresholds,
        .. thresholds.Where(static t => t is { Signal: EvictionSignal.MemoryAvailable, IsHard: true })
            .Select(static t => t with { Signal = EvictionSignal.AllocatableMemoryAvailable }),
    ];
}
