namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>One tree per controller, each with the same groups in it.</summary>
public sealed class CgroupVersion1(string mount) : ICgroupHierarchy
{
    // The kernel says "no limit" by the largest number of pages it can hold.
    private const ulong UnlimitedFromBytes = 1UL << 62;

    // Times are told in ticks of 1/100 s (USER_HZ), whatever the kernel's own clock.
    private const ulong NanosecondsPerTick = 10_000_000;

    private static readonly string[] Controllers = ["cpu", "memory", "pids", "cpuset", "hugetlb"];

    public bool IsUnified => false;

    public void Create(string path)
    {
        foreach (var controller in Controllers.Where(c => Directory.Exists($"{mount}/{c}")))
        {
            CreateIn(controller, path);
        }
    }

    public bool Remove(string path)
    {
        var removed = true;
        foreach (var tree in Directory.EnumerateDirectories(mount))
        {
            removed &= CgroupFiles.RemoveTree(tree + path);
        }

        return removed;
    }

    public void SetCpuShares(string path, long shares) =>
        CgroupFiles.Write(File("cpu", path, "cpu.shares"), $"{shares}");

    public void SetCpuQuota(string path, long quotaMicroseconds, long periodMicroseconds)
    {
        CgroupFiles.Write(File("cpu", path, "cpu.cfs_period_us"), $"{periodMicroseconds}");
        CgroupFiles.Write(File("cpu", path, "cpu.cfs_quota_us"), $"{quotaMicroseconds}");
    }

    public void SetMemoryLimit(string path, long bytes) =>
        CgroupFiles.Write(File("memory", path, "memory.limit_in_bytes"), $"{bytes}");

    public void SetProcessLimit(string path, long count) =>
        CgroupFiles.Write(File("pids", path, "pids.max"), $"{count}");

    public bool LimitsSwap(string path) => System.IO.File.Exists(File("memory", path, "memory.memsw.limit_in_bytes"));

    public void SetHugePageLimits(string path, IReadOnlyDictionary<string, long> bytes) =>
        CgroupFiles.SetHugePageLimits($"{mount}/hugetlb{path}", "limit_in_bytes", bytes);

    public CgroupLimits? Limits(string path) => !Directory.Exists($"{mount}/cpu{path}") ? null : new CgroupLimits
    {
        CpuShares = (long?)CgroupFiles.Number(File("cpu", path, "cpu.shares")) ?? 0,
        CpuQuotaMicroseconds = (long?)CgroupFiles.Number(File("cpu", path, "cpu.cfs_quota_us")), // -1 is none
        CpuPeriodMicroseconds = (long?)CgroupFiles.Number(File("cpu", path, "cpu.cfs_period_us")) ?? 0,
        MemoryBytes = (long?)Limit(CgroupFiles.Number(File("memory", path, "memory.limit_in_bytes"))),
    };

    public CgroupUsage? Usage(string path)
    {
        if (!Directory.Exists($"{mount}/memory{path}"))
        {
            return null;
        }

        var stat = CgroupFiles.Table(File("memory", path, "memory.stat"));
        var used = CgroupFiles.Number(File("memory", path, "memory.usage_in_bytes"));
        var times = CgroupFiles.Table(File("cpuacct", path, "cpuacct.stat"));
        var quota = CgroupFiles.Table(File("cpu", path, "cpu.stat"));
        var disks = Traffic(
            CgroupFiles.Text(File("blkio", path, "blkio.throttle.io_service_bytes")),
            CgroupFiles.Text(File("blkio", path, "blkio.throttle.io_serviced")));
        return new CgroupUsage
        {
            CpuNanoseconds = CpuNanoseconds(path),
            MemoryBytes = used,
            WorkingSetBytes = CgroupFiles.WorkingSet(used, stat.Get("total_inactive_file")),
            RssBytes = stat.Get("total_rss"),
            CacheBytes = stat.Get("total_cache"),
            MappedFileBytes = stat.Get("total_mapped_file"),
            MaxMemoryBytes = CgroupFiles.Number(File("memory", path, "memory.max_usage_in_bytes")),
            CpuUserNanoseconds = times.Get("user") * NanosecondsPerTick,
            CpuSystemNanoseconds = times.Get("system") * NanosecondsPerTick,
            CpuPeriods = quota.Get("nr_periods"),
            CpuThrottledPeriods = quota.Get("nr_throttled"),
            CpuThrottledNanoseconds = quota.Get("throttled_time"),
            Disk = disks is null ? null : DiskTraffic.Sum(disks),
            Disks = disks ?? [],
            PageFaults = stat.Get("total_pgfault"),
            MajorPageFaults = stat.Get("total_pgmajfault"),
            MemoryLimitBytes = Limit(CgroupFiles.Number(File("memory", path, "memory.limit_in_bytes"))),
            SwapBytes = stat.Get("total_swap"),
            SwapLimitBytes = SwapLimit(path),
            Processes = CgroupFiles.Number(File("pids", path, "pids.current")),
            OomKills = CgroupFiles.Table(File("memory", path, "memory.oom_control")).Get("oom_kill"),
        };
    }

    public ulong? CpuNanoseconds(string path) => CgroupFiles.Number(File("cpuacct", path, "cpuacct.usage"));

    public IReadOnlyList<string> Children(string path) => CgroupFiles.Children($"{mount}/memory{path}");

    public IReadOnlyList<int> Processes(string path) => CgroupFiles.Processes(File("memory", path, "cgroup.procs"));

    // Version 1 limits memory and swap together.
    private ulong? SwapLimit(string path)
    {
        var both = Limit(CgroupFiles.Number(File("memory", path, "memory.memsw.limit_in_bytes")));
        var memory = Limit(CgroupFiles.Number(File("memory", path, "memory.limit_in_bytes")));
        return both is { } sum && memory is { } part && sum >= part ? sum - part : null;
    }

    private static ulong? Limit(ulong? bytes) => bytes < UnlimitedFromBytes ? bytes : null;

    // Lines "8:0 Read 123", some for each device, and "Total 123".
    private static IReadOnlyList<(string Device, DiskTraffic Traffic)>? Traffic(string? bytes, string? operations)
    {
        if (bytes is null || operations is null)
        {
            return null;
        }

        var (moved, done) = (Figures(bytes), Figures(operations));
        return [
            .. moved.Concat(done).Select(static f => f.Device).Distinct().Select(device => (device, new DiskTraffic(
                Of(moved, device, "Read"), Of(moved, device, "Write"),
                Of(done, device, "Read"), Of(done, device, "Write"))))];

        static List<(string Device, string Kind, ulong Figure)> Figures(string table) => [
            .. table.Split('\n').Select(static l => l.Split(' ')).Where(static p => p.Length == 3)
                .Select(static p => (p[0], p[1], CgroupFiles.Parse(p[2]) ?? 0))];

        static ulong Of(List<(string Device, string Kind, ulong Figure)> figures, string device, string kind) =>
            figures.Find(f => f.Device == device && f.Kind == kind).Figure;
    }

    private string File(string controller, string path, string name) => $"{mount}/{controller}{path}/{name}";

    // A new cpuset group is empty and takes no process until it got its parent's values.
    private void CreateIn(string controller, string path)
    {
        var current = $"{mount}/{controller}";
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var parent = current;
            current = $"{current}/{part}";
            if (Directory.Exists(current))
            {
                continue;
            }

            Directory.CreateDirectory(current);
            foreach (var file in controller == "cpuset" ? ["cpuset.cpus", "cpuset.mems"] : Array.Empty<string>())
            {
                System.IO.File.WriteAllText($"{current}/{file}", System.IO.File.ReadAllText($"{parent}/{file}"));
            }
        }
    }
}
