using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Node;

/// <summary>
/// Both versions of cgroups on directories that look like the kernel's: this machine has one of them only.
/// </summary>
public sealed class CgroupHierarchyTests : IDisposable
{
    private const string Pod = "/orc/burstable/pod1";
    private readonly string _mount = Directory.CreateTempSubdirectory("orc-cgroup-").FullName;

    public void Dispose() => Directory.Delete(_mount, recursive: true);

    [Fact]
    public void The_machine_is_taken_for_what_it_mounts()
    {
        Directory.CreateDirectory(Path.Combine(_mount, "unified"));
        Put("unified/cgroup.controllers", "");
        Assert.False(
            CgroupFiles.OfThisMachine(_mount).IsUnified, "a hybrid machine keeps its controllers in version 1");
        Put("cgroup.controllers", "cpu memory");
        Assert.True(CgroupFiles.OfThisMachine(_mount).IsUnified);
    }

    [Fact]
    public void Version_1_limits_go_to_each_controllers_tree()
    {
        var cgroups = Version1();
        cgroups.Create(Pod);
        Assert.Equal("0-3", Get($"cpuset{Pod}/cpuset.cpus"));
        Assert.Equal("0", Get($"cpuset{Pod}/cpuset.mems"));
        Touch(
            $"cpu{Pod}/cpu.shares", $"cpu{Pod}/cpu.cfs_quota_us", $"cpu{Pod}/cpu.cfs_period_us",
            $"memory{Pod}/memory.limit_in_bytes");
        cgroups.SetCpuShares(Pod, 512);
        cgroups.SetCpuQuota(Pod, 50_000, 100_000);
        cgroups.SetMemoryLimit(Pod, 64 << 20);
        Assert.Equal(
            ["512", "50000", "100000", "67108864"],
            [Get($"cpu{Pod}/cpu.shares"), Get($"cpu{Pod}/cpu.cfs_quota_us"), Get($"cpu{Pod}/cpu.cfs_period_us"),
                Get($"memory{Pod}/memory.limit_in_bytes")]);
    }

    [Fact]
    public void Version_1_limits_are_read_back()
    {
        var cgroups = Version1();
        Assert.Null(cgroups.Limits(Pod));
        cgroups.Create(Pod);
        Put($"cpu{Pod}/cpu.shares", "204\n");
        Put($"cpu{Pod}/cpu.cfs_quota_us", "30000\n");
        Put($"cpu{Pod}/cpu.cfs_period_us", "100000\n");
        Put($"memory{Pod}/memory.limit_in_bytes", "67108864\n");
        var limits = new CgroupLimits
        {
            CpuShares = 204, CpuQuotaMicroseconds = 30000, CpuPeriodMicroseconds = 100000, MemoryBytes = 67108864,
        };
        Assert.Equal(limits, cgroups.Limits(Pod));
        Assert.True(limits.HoldsShares(204));
        Assert.False(limits.HoldsShares(205));
        Put($"cpu{Pod}/cpu.cfs_quota_us", "-1\n");
        Put($"memory{Pod}/memory.limit_in_bytes", "9223372036854771712\n");
        Assert.Equal(limits with { CpuQuotaMicroseconds = null, MemoryBytes = null }, cgroups.Limits(Pod));
    }

    [Fact]
    public void Version_2_limits_are_read_back()
    {
        var cgroups = Version2();
        Assert.Null(cgroups.Limits("/other"));
        cgroups.Create(Pod);
        Put($"{Pod}/cpu.weight", "39\n");
        Put($"{Pod}/cpu.max", "30000 100000\n");
        Put($"{Pod}/memory.max", "67108864\n");
        var limits = cgroups.Limits(Pod)!;
        Assert.Equal((998L, 39L, 30000L, 100000L, 67108864L), (limits.CpuShares, limits.CpuWeight,
            limits.CpuQuotaMicroseconds, limits.CpuPeriodMicroseconds, limits.MemoryBytes));
        Assert.True(limits.HoldsShares(1024));
        Assert.False(limits.HoldsShares(2048));
        Put($"{Pod}/cpu.max", "max 100000\n");
        Put($"{Pod}/memory.max", "max\n");
        Assert.Equal(limits with { CpuQuotaMicroseconds = null, MemoryBytes = null }, cgroups.Limits(Pod));
    }

    [Fact]
    public void Version_2_limits_go_to_the_one_tree_and_controllers_are_handed_down()
    {
        var cgroups = Version2();
        cgroups.Create(Pod);
        foreach (var group in (string[])["", "/orc", "/orc/burstable"])
        {
            Assert.Equal("+cpu +memory +pids", Get($"{group.TrimStart('/')}/cgroup.subtree_control"));
        }

        Assert.Equal("", Get($"{Pod[1..]}/cgroup.subtree_control"));
        Touch($"{Pod}/cpu.weight", $"{Pod}/cpu.max", $"{Pod}/memory.max");
        cgroups.SetCpuQuota(Pod, 50_000, 100_000);
        cgroups.SetMemoryLimit(Pod, 64 << 20);
        Assert.Equal(["50000 100000", "67108864"], [Get($"{Pod}/cpu.max"), Get($"{Pod}/memory.max")]);
        foreach (var (shares, weight) in new[] { (2, "1"), (1024, "39"), (262144, "10000") })
        {
            cgroups.SetCpuShares(Pod, shares);
            Assert.Equal(weight, Get($"{Pod}/cpu.weight"));
        }
    }

    [Fact]
    public void Of_huge_pages_a_group_has_what_it_is_given_and_of_other_sizes_none()
    {
        var limits = new Dictionary<string, long> { ["2MB"] = 4 << 20, ["16GB"] = 1 };
        Directory.CreateDirectory(Path.Combine(_mount, "hugetlb"));
        foreach (var (cgroups, tree, file) in new (ICgroupHierarchy, string, string)[]
        {
            (Version1(), "hugetlb", "limit_in_bytes"), (Version2(), "", "max"),
        })
        {
            cgroups.Create(Pod);
            cgroups.SetHugePageLimits(Pod, limits); // a kernel that has no such files
            var group = $"{tree}{Pod}/hugetlb.";
            Touch($"{group}2MB.{file}", $"{group}2MB.rsvd.{file}", $"{group}1GB.{file}");
            cgroups.SetHugePageLimits(Pod, limits);
            Assert.Equal(
                ["4194304", "4194304", "0"],
                [Get($"{group}2MB.{file}"), Get($"{group}2MB.rsvd.{file}"), Get($"{group}1GB.{file}")]);
            Assert.False(File.Exists(Path.Combine(_mount, $"{group}1GB.rsvd.{file}".TrimStart('/'))));
        }
    }

    [Fact]
    public void A_pod_has_no_more_processes_than_it_may()
    {
        foreach (var (cgroups, tree) in new (ICgroupHierarchy, string)[] { (Version1(), "pids"), (Version2(), "") })
        {
            cgroups.Create(Pod);
            Touch($"{tree}{Pod}/pids.max");
            cgroups.SetProcessLimit(Pod, 4096);
            Assert.Equal("4096", Get($"{tree}{Pod}/pids.max"));
        }
    }

    [Fact]
    public void A_group_that_hands_all_down_is_not_written_again()
    {
        var cgroups = Version2();
        Put("cgroup.subtree_control", "cpuset cpu io memory pids\n");
        cgroups.Create("/orc");
        Assert.Equal("cpuset cpu io memory pids\n", Get("cgroup.subtree_control"));
    }

    [Fact]
    public void Version_1_usage_is_read()
    {
        var cgroups = Version1();
        cgroups.Create(Pod);
        Directory.CreateDirectory(Path.Combine(_mount, $"cpuacct{Pod}"));
        Directory.CreateDirectory(Path.Combine(_mount, $"blkio{Pod}"));
        Put($"cpuacct{Pod}/cpuacct.usage", "123456789\n");
        Put($"cpuacct{Pod}/cpuacct.stat", "user 3\nsystem 4\n");
        Put($"cpu{Pod}/cpu.stat", "nr_periods 10\nnr_throttled 2\nthrottled_time 30\n");
        Put($"blkio{Pod}/blkio.throttle.io_service_bytes", "8:0 Read 1\n8:0 Write 2\n8:16 Read 10\nTotal 13\n");
        Put($"blkio{Pod}/blkio.throttle.io_serviced", "8:0 Read 3\n8:0 Write 4\nTotal 7\n");
        Put($"memory{Pod}/memory.usage_in_bytes", "10000\n");
        Put(
            $"memory{Pod}/memory.stat",
            "cache 1\nrss 2\ntotal_cache 11\ntotal_inactive_file 4000\n"
            + "total_rss 5000\ntotal_swap 6\ntotal_pgfault 7\ntotal_pgmajfault 8\n");
        Put($"memory{Pod}/memory.limit_in_bytes", "20000\n");
        Put($"memory{Pod}/memory.memsw.limit_in_bytes", "25000\n");
        Put($"memory{Pod}/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
        Put($"pids{Pod}/pids.current", "9\n");
        Put($"memory{Pod}/cgroup.procs", "41\n42\n");
        Assert.Equal(
            new CgroupUsage
            {
                CpuNanoseconds = 123456789, MemoryBytes = 10000, WorkingSetBytes = 6000, RssBytes = 5000,
                CpuUserNanoseconds = 30_000_000, CpuSystemNanoseconds = 40_000_000, CpuPeriods = 10,
                CpuThrottledPeriods = 2, CpuThrottledNanoseconds = 30, CacheBytes = 11,
                Disk = new DiskTraffic(11, 2, 3, 4), PageFaults = 7, MajorPageFaults = 8,
                MemoryLimitBytes = 20000, SwapBytes = 6, SwapLimitBytes = 5000, Processes = 9, OomKills = 3,
            },
            cgroups.Usage(Pod)! with { Disks = [] });
        Assert.Equal(
            [("8:0", new DiskTraffic(1, 2, 3, 4)), ("8:16", new DiskTraffic(10, 0, 0, 0))], cgroups.Usage(Pod)!.Disks);
        Assert.Equal([41, 42], cgroups.Processes(Pod));
        Put($"memory{Pod}/memory.limit_in_bytes", "9223372036854771712\n");
        Assert.Null(cgroups.Usage(Pod)!.MemoryLimitBytes);
    }

    [Fact]
    public void Version_2_usage_is_read()
    {
        var cgroups = Version2();
        cgroups.Create(Pod);
        Put(
            $"{Pod}/cpu.stat",
            "usage_usec 123456\nuser_usec 1\nsystem_usec 2\nnr_periods 10\nnr_throttled 2\nthrottled_usec 3\n");
        Put(
            $"{Pod}/io.stat",
            "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n8:16 rbytes=10 wbytes=0 rios=0 wios=0\n");
        Put($"{Pod}/memory.peak", "20000\n");
        Put($"{Pod}/memory.current", "10000\n");
        Put($"{Pod}/memory.stat", "anon 5000\nfile 1\ninactive_file 4000\npgfault 7\npgmajfault 8\n");
        Put($"{Pod}/memory.max", "max\n");
        Put($"{Pod}/memory.swap.current", "6\n");
        Put($"{Pod}/memory.swap.max", "0\n");
        Put($"{Pod}/memory.events", "low 0\nhigh 0\nmax 5\noom 4\noom_kill 3\n");
        Put($"{Pod}/pids.current", "9\n");
        Put(
            $"{Pod}/cpu.pressure",
            "some avg10=1.50 avg60=2.00 avg300=0.25 total=77\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n");
        Put($"{Pod}/memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
        Assert.Equal(
            new CgroupUsage
            {
                CpuNanoseconds = 123456000, MemoryBytes = 10000, WorkingSetBytes = 6000, RssBytes = 5000,
                CpuUserNanoseconds = 1000, CpuSystemNanoseconds = 2000, CpuPeriods = 10, CpuThrottledPeriods = 2,
                CpuThrottledNanoseconds = 3000, CacheBytes = 1, MaxMemoryBytes = 20000,
                Disk = new DiskTraffic(11, 2, 3, 4), PageFaults = 7, MajorPageFaults = 8,
                SwapBytes = 6, SwapLimitBytes = 0, Processes = 9, OomKills = 3,
                CpuPressure = new PressureStall(new StallShare(1.5, 2, 0.25, 77), new StallShare(0, 0, 0, 7)),
                MemoryPressure = new PressureStall(new StallShare(0, 0, 0, 0), new StallShare(0, 0, 0, 0)),
            },
            cgroups.Usage(Pod)! with { Disks = [] });
        Assert.Equal(
            [("8:0", new DiskTraffic(1, 2, 3, 4)), ("8:16", new DiskTraffic(10, 0, 0, 0))], cgroups.Usage(Pod)!.Disks);
    }

    [Fact]
    public void Of_what_is_gone_or_odd_nothing_is_said()
    {
        foreach (var cgroups in (ICgroupHierarchy[])[Version1(), new CgroupVersion2(_mount)])
        {
            Assert.Null(cgroups.Usage("/nowhere"));
            Assert.Null(cgroups.CpuNanoseconds("/nowhere"));
            Assert.Empty(cgroups.Children("/nowhere"));
            Assert.Empty(cgroups.Processes("/nowhere"));
            Assert.True(cgroups.Remove("/nowhere"));
        }

        Put("memory.stat", "inactive_file -5\nanon\n\n 7\nx 99999999999999999999999\n");
        Put("memory.current", "3 4");
        Assert.Equal(new CgroupUsage(), new CgroupVersion2(_mount).Usage(""));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Pods_lie_in_their_class_and_go_with_all_below(bool unified)
    {
        ICgroupHierarchy hierarchy = unified ? Version2() : Version1();
        var options = new NodeAgentOptions { NodeName = "n", CgroupRoot = "orc", DataDirectory = _mount };
        var cgroups = new OrleansOrchestrator.NodeAgent.Node.Cgroups(options, hierarchy, PinningParts.Cpus(options));
        var weight = unified ? "orc/cpu.weight" : "cpu/orc/cpu.shares";
        Directory.CreateDirectory(Path.Combine(_mount, Path.GetDirectoryName(weight)!));
        Touch(weight);
        cgroups.Prepare();
        var pod = TestPods.Pod(
            "p", TestPods.Shell("c", "") with { Resources = new V1ResourceRequirements { Requests = Cpu("250m") } });
        pod.Metadata.Uid = "1";
        Assert.Equal(Pod, cgroups.PodPath(pod));
        cgroups.CreatePod(pod);
        Assert.NotNull(hierarchy.Usage(Pod));
        Assert.Equal(["besteffort", "burstable"], hierarchy.Children("/orc").Order());
        Assert.Equal(unified, cgroups.CanKillAsGroup);
        var shares = PodResources.Shares(Environment.ProcessorCount * 1000L);
        Assert.Equal(
            unified ? CgroupVersion2.Weight(shares) : shares,
            long.Parse(Get(weight), CultureInfo.InvariantCulture));

        if (!unified)
        {
            // A directory of a real cgroup file system goes although its files are there; those of this test have none
            // in version 1.
            foreach (var file in Directory.GetFiles(_mount, "*", SearchOption.AllDirectories).Where(
                    f => f.Contains("pod1", StringComparison.Ordinal)))
            {
                File.Delete(file);
            }

            Assert.True(cgroups.RemovePod("1"));
            Assert.Null(hierarchy.Usage(Pod));
        }
    }

    private static Dictionary<string, ResourceQuantity> Cpu(string amount) =>
        new() { ["cpu"] = new ResourceQuantity(amount) };

    private CgroupVersion1 Version1()
    {
        foreach (var controller in (string[])["cpu", "cpuacct", "memory", "pids", "cpuset"])
        {
            Directory.CreateDirectory(Path.Combine(_mount, controller));
        }

        Put("cpuset/cpuset.cpus", "0-3");
        Put("cpuset/cpuset.mems", "0");
        return new CgroupVersion1(_mount);
    }

    // The kernel fills new groups with files; here they are made beforehand.
    private CgroupVersion2 Version2()
    {
        foreach (var group in (string[])["", "orc", "orc/besteffort", "orc/burstable", "orc/burstable/pod1"])
        {
            Directory.CreateDirectory(Path.Combine(_mount, group));
            Put(
                $"{group}/cgroup.controllers", group.EndsWith("pod1", StringComparison.Ordinal)
                    ? ""
                    : "io cpu memory pids\n");
            Put($"{group}/cgroup.subtree_control", "");
        }

        return new CgroupVersion2(_mount);
    }

    private void Touch(params string[] files) => Array.ForEach(files, file => Put(file, ""));

    private void Put(string file, string content) =>
        File.WriteAllText(Path.Combine(_mount, file.TrimStart('/')), content);

    private string Get(string file) => File.ReadAllText(Path.Combine(_mount, file.TrimStart('/')));
}
