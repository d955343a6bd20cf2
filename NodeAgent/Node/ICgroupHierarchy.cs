using OrleansOrchestrator.NodeAgent.Cri.V1;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>What one cgroup and all below it use now; null where the kernel does not say.</summary>
public sealed record CgroupUsage
{
    public ulong? CpuNanoseconds { get; init; }

    public ulong? MemoryBytes { get; init; }

    /// <summary>Without file pages that the kernel would give up at once.</summary>
    public ulong? WorkingSetBytes { get; init; }

    public ulong? RssBytes { get; init; }

    /// <summary>Pages of files.</summary>
    public ulong? CacheBytes { get; init; }

    public ulong? MappedFileBytes { get; init; }

    /// <summary>The most it ever held.</summary>
    public ulong? MaxMemoryBytes { get; init; }

    public ulong? CpuUserNanoseconds { get; init; }

    public ulong? CpuSystemNanoseconds { get; init; }

    /// <summary>Periods of its quota in which it ran, and those in which it had to wait.</summary>
    public ulong? CpuPeriods { get; init; }

    public ulong? CpuThrottledPeriods { get; init; }

    public ulong? CpuThrottledNanoseconds { get; init; }

    /// <summary>Over all block devices.</summary>
    public DiskTraffic? Disk { get; init; }

    /// <summary>The same of each device by itself, by <c>major:minor</c>: of those that it used.</summary>
    public IReadOnlyList<(string Device, DiskTraffic Traffic)> Disks { get; init; } = [];

    public ulong? PageFaults { get; init; }

    public ulong? MajorPageFaults { get; init; }

    /// <summary>Null for none.</summary>
    public ulong? MemoryLimitBytes { get; init; }

    public ulong? SwapBytes { get; init; }

    /// <summary>Null for none.</summary>
    public ulong? SwapLimitBytes { get; init; }

    /// <summary>Processes and their threads: the kernel counts tasks.</summary>
    public ulong? Processes { get; init; }

    /// <summary>How often a process in it was killed for want of memory.</summary>
    public ulong? OomKills { get; init; }

    public PressureStall? CpuPressure { get; init; }

    public PressureStall? MemoryPressure { get; init; }

    public PressureStall? IoPressure { get; init; }
}

/// <summary>What a cgroup has read and written.</summary>
public sealed record DiskTraffic(ulong ReadBytes, ulong WrittenBytes, ulong Reads, ulong Writes)
{
    /// <summary>Over several devices.</summary>
    public static DiskTraffic Sum(IEnumerable<(string Device, DiskTraffic Traffic)> devices) => devices.Aggregate(
        new DiskTraffic(0, 0, 0, 0),
        static (sum, next) => new DiskTraffic(
            sum.ReadBytes + next.Traffic.ReadBytes, sum.WrittenBytes + next.Traffic.WrittenBytes,
            sum.Reads + next.Traffic.Reads, sum.Writes + next.Traffic.Writes));
}

/// <summary>What one cgroup is held to; null is no limit.</summary>
public sealed record CgroupLimits
{
    /// <summary>In version 1's terms, where a CPU is 1024.</summary>
    public long CpuShares { get; init; }

    /// <summary>What version 2 keeps instead of shares, and more coarsely.</summary>
    public long? CpuWeight { get; init; }

    public long? CpuQuotaMicroseconds { get; init; }

    public long CpuPeriodMicroseconds { get; init; }

    public long? MemoryBytes { get; init; }

    /// <summary>True when setting so many shares would change nothing.</summary>
    public bool HoldsShares(long shares) =>
        CpuWeight is { } weight ? weight == CgroupVersion2.Weight(shares) : CpuShares == shares;

    /// <summary>The same with the quota of these amounts; where they have none, without.</summary>
    public CgroupLimits WithQuota(LinuxContainerResources amounts) => this with
    {
        CpuQuotaMicroseconds = amounts.CpuQuota > 0 ? amounts.CpuQuota : null,
        CpuPeriodMicroseconds = amounts.CpuPeriod,
    };

    /// <summary>As a runtime tells them; null when it does not.</summary>
    public static CgroupLimits? From(LinuxContainerResources? told) => told is null ? null : new CgroupLimits
    {
        CpuShares = told.CpuShares,
        CpuQuotaMicroseconds = told is { CpuQuota: > 0, CpuPeriod: > 0 } ? told.CpuQuota : null,
        CpuPeriodMicroseconds = told.CpuPeriod,
        MemoryBytes = told.MemoryLimitInBytes > 0 ? told.MemoryLimitInBytes : null,
    };
}

/// <summary>
/// Files of the cgroup file system, of either version. Paths begin with a slash and are those of groups; everything
/// that depends on the version is behind this, so both can be tried on any directory.
/// </summary>
public interface ICgroupHierarchy
{
    /// <summary>True for the unified hierarchy.</summary>
    bool IsUnified { get; }

    /// <summary>Makes a group and those above it, able to hold limits and other groups.</summary>
    void Create(string path);

    /// <summary>Removes a group and those below it; false while something is left in it.</summary>
    bool Remove(string path);

    /// <summary>CPU share in version 1's terms, where a CPU is 1024.</summary>
    void SetCpuShares(string path, long shares);

    void SetCpuQuota(string path, long quotaMicroseconds, long periodMicroseconds);

    void SetMemoryLimit(string path, long bytes);

    /// <summary>How many processes and threads may be in the group and those below it.</summary>
    void SetProcessLimit(string path, long count);

    /// <summary>Whether the kernel limits the swap of a group: it may have been built or started without.</summary>
    bool LimitsSwap(string path);

    /// <summary>
    /// Limits of huge pages, in bytes by the size of a page (<c>2MB</c>); of a size that is not among them the group
    /// may have none. Does nothing where the kernel does not limit them.
    /// </summary>
    void SetHugePageLimits(string path, IReadOnlyDictionary<string, long> bytes);

    /// <summary>What was set, as the kernel took it; null when there is no such group.</summary>
    CgroupLimits? Limits(string path);

    /// <summary>Null when there is no such group.</summary>
    CgroupUsage? Usage(string path);

    /// <summary>The CPU time alone, which is cheap to read.</summary>
    ulong? CpuNanoseconds(string path);

    /// <summary>Names of the groups right below.</summary>
    IReadOnlyList<string> Children(string path);

    /// <summary>Process ids right in the group.</summary>
    IReadOnlyList<int> Processes(string path);
}
