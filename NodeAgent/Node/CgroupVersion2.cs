namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>
/// One tree for all controllers. A group's children get a controller only when the group hands it down.
/// </summary>
public sealed class CgroupVersion2(string mount) : ICgroupHierarchy
{
    private const ulong NanosecondsPerMicrosecond = 1000;
    private static readonly string[] Controllers = ["cpu", "memory", "pids", "cpuset", "hugetlb"];

    public bool IsUnified => true;

    public void Create(string path)
    {
        var current = mount;
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            HandDown(current);
            current = $"{current}/{part}";
            Directory.CreateDirectory(current);
        }

        HandDown(current);
    }

    public bool Remove(string path) => CgroupFiles.RemoveTree(mount + path);

    // Shares are 2…262144, weights 1…10000.
    private const long SharesSpan = 262142;
    private const long WeightSpan = 9999;

    /// <summary>Shares as runtimes convert them for the containers below.</summary>
    public static long Weight(long shares) => 1 + ((shares - 2) * WeightSpan / SharesSpan);

    public void SetCpuShares(string path, long shares) =>
        CgroupFiles.Write(File(path, "cpu.weight"), $"{Weight(shares)}");

    public void SetCpuQuota(string path, long quotaMicroseconds, long periodMicroseconds) =>
        CgroupFiles.Write(File(path, "cpu.max"), $"{quotaMicroseconds} {periodMicroseconds}");

    public void SetMemoryLimit(string path, long bytes) => CgroupFiles.Write(File(path, "memory.max"), $"{bytes}");

    public void SetProcessLimit(string path, long count) => CgroupFiles.Write(File(path, "pids.max"), $"{count}");

    public bool LimitsSwap(string path) => System.IO.File.Exists(File(path, "memory.swap.max"));

    public void SetHugePageLimits(string path, IReadOnlyDictionary<string, long> bytes) =>
        CgroupFiles.SetHugePageLimits(mount + path, "max", bytes);

    public CgroupLimits? Limits(string path)
    {
        if (!Directory.Exists(mount + path))
        {
            return null;
        }

        var weight = (long?)CgroupFiles.Number(File(path, "cpu.weight"));
        var cpu = (CgroupFiles.Text(File(path, "cpu.max")) ?? "").Split(
            (char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        return new CgroupLimits
        {
            CpuShares = weight is { } w ? 2 + ((w - 1) * SharesSpan / WeightSpan) : 0,
            CpuWeight = weight,
            CpuQuotaMicroseconds = (long?)CgroupFiles.Parse(cpu.ElementAtOrDefault(0)), // "max" is none
            CpuPeriodMicroseconds = (long?)CgroupFiles.Parse(cpu.ElementAtOrDefault(1)) ?? 0,
            MemoryBytes = (long?)CgroupFiles.Number(File(path, "memory.max")),
        };
    }

    public CgroupUsage? Usage(string path)
    {
        if (!Directory.Exists(mount + path))
        {
            return null;
        }

        // The root has no memory.current: its usage is the machine's, which is not told here.
        var stat = CgroupFiles.Table(File(path, "memory.stat"));
        var used = CgroupFiles.Number(File(path, "memory.current"));
        var cpu = CgroupFiles.Table(File(path, "cpu.stat"));
        var disks = Traffic(CgroupFiles.Text(File(path, "io.stat")));
        return new CgroupUsage
        {
            CpuNanoseconds = cpu.Get("usage_usec") * NanosecondsPerMicrosecond,
            CpuUserNanoseconds = cpu.Get("user_usec") * NanosecondsPerMicrosecond,
            CpuSystemNanoseconds = cpu.Get("system_usec") * NanosecondsPerMicrosecond,
            CpuPeriods = cpu.Get("nr_periods"),
            CpuThrottledPeriods = cpu.Get("nr_throttled"),
            CpuThrottledNanoseconds = cpu.Get("throttled_usec") * NanosecondsPerMicrosecond,
            Disk = disks is null ? null : DiskTraffic.Sum(disks),
            Disks = disks ?? [],
            CacheBytes = stat.Get("file"),
            MappedFileBytes = stat.Get("file_mapped"),
            MaxMemoryBytes = CgroupFiles.Number(File(path, "memory.peak")),
            MemoryBytes = used,
            WorkingSetBytes = CgroupFiles.WorkingSet(used, stat.Get("inactive_file")),
            RssBytes = stat.Get("anon"),
            PageFaults = stat.Get("pgfault"),
            MajorPageFaults = stat.Get("pgmajfault"),
            MemoryLimitBytes = CgroupFiles.Number(File(path, "memory.max")),
            SwapBytes = CgroupFiles.Number(File(path, "memory.swap.current")),
            SwapLimitBytes = CgroupFiles.Number(File(path, "memory.swap.max")),
            Processes = CgroupFiles.Number(File(path, "pids.current")),
            OomKills = CgroupFiles.Table(File(path, "memory.events")).Get("oom_kill"),
            CpuPressure = PressureStall.Parse(CgroupFiles.Text(File(path, "cpu.pressure"))),
            MemoryPressure = PressureStall.Parse(CgroupFiles.Text(File(path, "memory.pressure"))),
            IoPressure = PressureStall.Parse(CgroupFiles.Text(File(path, "io.pressure"))),
        };
    }

    public ulong? CpuNanoseconds(string path) =>
        CgroupFiles.Table(File(path, "cpu.stat")).Get("usage_usec") * NanosecondsPerMicrosecond;

    public IReadOnlyList<string> Children(string path) => CgroupFiles.Children(mount + path);

    public IReadOnlyList<int> Processes(string path) => CgroupFiles.Processes(File(path, "cgroup.procs"));

    // Lines "8:0 rbytes=1 wbytes=2 rios=3 wios=4 …", one for each device.
    private static IReadOnlyList<(string Device, DiskTraffic Traffic)>? Traffic(string? table)
    {
        static ulong Figure(string[] parts, string name) => CgroupFiles.Parse(
            parts.FirstOrDefault(p => p.StartsWith(name, StringComparison.Ordinal))?[name.Length..]) ?? 0;

        return table is null ? null : [
            .. table.Split('\n').Select(static l => l.Split(' ')).Where(static p => p.Length > 1).Select(static p => (
                p[0], new DiskTraffic(
                    Figure(p, "rbytes="), Figure(p, "wbytes="), Figure(p, "rios="), Figure(p, "wios="))))];
    }

    private string File(string path, string name) => $"{mount}{path}/{name}";

    // Only what is missing is written: a group that holds processes refuses the file, although all is handed down
    // already.
    private static void HandDown(string group)
    {
        string[] Words(string file) =>
            System.IO.File.ReadAllText($"{group}/{file}").Split(
                (char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);

        var available = Words("cgroup.controllers");
        var down = Words("cgroup.subtree_control");
        var missing = Controllers.Where(c => available.Contains(c) && !down.Contains(c)).Select(c => "+" + c).ToList();
        if (missing.Count > 0)
        {
            System.IO.File.WriteAllText($"{group}/cgroup.subtree_control", string.Join(' ', missing));
        }
    }
}
