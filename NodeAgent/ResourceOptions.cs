using OrleansOrchestrator.NodeAgent.Numa;

namespace OrleansOrchestrator.NodeAgent;

/// <summary>
/// How the node gives containers parts of the machine for themselves, by upstream's words. Defaults are upstream's:
/// nobody has any.
/// </summary>
public sealed record ResourceOptions
{
    /// <summary>No container has CPUs of its own.</summary>
    public const string NoCpus = "none";

    /// <summary>Containers of guaranteed pods that request whole CPUs have them for themselves.</summary>
    public const string StaticCpus = "static";

    /// <summary>No container's memory is of certain NUMA nodes.</summary>
    public const string NoMemory = "None";

    /// <summary>The memory of guaranteed pods is of the fewest NUMA nodes that have it.</summary>
    public const string StaticMemory = "Static";

    public const string ContainerScope = "container";
    public const string PodScope = "pod";

    public string CpuPolicy { get; init; } = NoCpus;

    public IReadOnlyDictionary<string, string> CpuPolicyOptions { get; init; } = new Dictionary<string, string>();

    /// <summary>How often it is seen to that containers run on their CPUs, besides when these change.</summary>
    public TimeSpan CpuReconcilePeriod { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The CPUs that are kept from pods, as the kernel writes them, instead of an amount; empty for that.
    /// </summary>
    public string ReservedCpus { get; init; } = "";

    public string MemoryPolicy { get; init; } = NoMemory;

    /// <summary>
    /// What of each NUMA node's memory is kept from pods: <c>0:memory=1Gi;1:memory=1Gi</c>.
    /// </summary>
    public string ReservedMemory { get; init; } = "";

    /// <summary>How many processes and threads a pod may have; what is not positive is no limit.</summary>
    public long PodPidsLimit { get; init; } = -1;

    public string TopologyPolicy { get; init; } = "none";

    public string TopologyScope { get; init; } = ContainerScope;

    public IReadOnlyDictionary<string, string> TopologyPolicyOptions { get; init; } = new Dictionary<string, string>();

    /// <summary>How many CPUs are kept from pods; 0 where they are not named.</summary>
    public int ReservedCpuCount => CpuSet.Read(ReservedCpus, out var cpus) is null ? cpus.Count : 0;

    /// <summary>Containers may have CPUs of their own.</summary>
    public bool PinsCpus => CpuPolicy == StaticCpus;

    /// <summary>Containers may have memory of certain NUMA nodes.</summary>
    public bool PinsMemory => MemoryPolicy == StaticMemory;
}
