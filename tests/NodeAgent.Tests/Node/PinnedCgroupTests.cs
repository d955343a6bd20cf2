using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Pods.Resizing.SizedPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Node;

/// <summary>What pods are held to whose containers have CPUs for themselves.</summary>
public sealed class PinnedCgroupTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-pinned-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task A_pod_with_cpus_of_its_own_has_no_quota_and_counts_as_held_to_their_number()
    {
        var options = new NodeAgentOptions
        {
            NodeName = "n", DataDirectory = Path.Combine(_directory.FullName, "data"),
            Resources = new ResourceOptions { CpuPolicy = "static", ReservedCpus = "0" },
        };
        var cpus = PinningParts.Cpus(options);
        var cgroups = new NodeAgent.Node.Cgroups(options, new CgroupVersion2(_directory.FullName), cpus);
        var (own, shared) = (Pod("2/64Mi", "own"), Pod("1500m/64Mi", "shared"));
        await cpus.AllocateAsync(own, own.Spec.Containers[0], nodes: null, CancellationToken.None);

        foreach (var pod in new[] { own, shared })
        {
            MakeGroup(cgroups.PodPath(pod));
            cgroups.CreatePod(pod);
        }

        Assert.Equal("max 100000", Quota(cgroups.PodPath(own)));
        Assert.Equal("150000 100000", Quota(cgroups.PodPath(shared)));
        Assert.Equal(200_000, cgroups.Limits(own)?.CpuQuotaMicroseconds);
        Assert.Equal(150_000, cgroups.Limits(shared)?.CpuQuotaMicroseconds);
    }

    /// <summary>Without a limit the kernel's stays.</summary>
    [Theory]
    [InlineData(-1, "max")]
    [InlineData(0, "max")]
    [InlineData(4096, "4096")]
    public void A_pod_has_no_more_processes_than_the_option_says(long limit, string expected)
    {
        var options = new NodeAgentOptions
        {
            NodeName = "n", DataDirectory = Path.Combine(_directory.FullName, "data"),
            Resources = new ResourceOptions { PodPidsLimit = limit },
        };
        var cgroups = new NodeAgent.Node.Cgroups(
            options, new CgroupVersion2(_directory.FullName), PinningParts.Cpus(options));
        var pod = Pod("1500m/64Mi", "c");
        MakeGroup(cgroups.PodPath(pod));
        Put(cgroups.PodPath(pod), "pids.max", "max");

        cgroups.CreatePod(pod);

        Assert.Equal(expected, File.ReadAllText($"{_directory.FullName}{cgroups.PodPath(pod)}/pids.max"));
    }

    /// <summary>The kernel fills new groups with files.</summary>
    private void MakeGroup(string path)
    {
        for (var group = path; group.Length > 0; group = group[..Math.Max(0, group.LastIndexOf('/'))])
        {
            Put(group, "cgroup.controllers", "");
            Put(group, "cgroup.subtree_control", "");
        }

        Put("", "cgroup.controllers", "");
        Put("", "cgroup.subtree_control", "");
        Put(path, "cpu.max", "max 100000");
    }

    private void Put(string group, string file, string content)
    {
        Directory.CreateDirectory(_directory.FullName + group);
        File.WriteAllText($"{_directory.FullName}{group}/{file}", content);
    }

    private string Quota(string path) => File.ReadAllText($"{_directory.FullName}{path}/cpu.max");
}
