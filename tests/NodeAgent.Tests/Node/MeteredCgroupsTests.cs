using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Node;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Node;

public sealed class MeteredCgroupsTests : IDisposable
{
    private readonly string _mount = Directory.CreateTempSubdirectory("orc-cgroup-").FullName;

    public void Dispose() => Directory.Delete(_mount, recursive: true);

    [Fact]
    public void Changes_are_measured_whatever_comes_of_them_and_are_made()
    {
        var meters = new KubeletMeters();
        foreach (var group in (string[])["", "orc"])
        {
            Directory.CreateDirectory(Path.Combine(_mount, group));
            File.WriteAllText(Path.Combine(_mount, group, "cgroup.subtree_control"), "");
            File.WriteAllText(Path.Combine(_mount, group, "cgroup.controllers"), "");
        }

        var cgroups = new MeteredCgroups(new CgroupVersion2(_mount), meters, TimeProvider.System);
        cgroups.Create("/orc");
        File.WriteAllText(Path.Combine(_mount, "orc/cpu.weight"), "");
        cgroups.SetCpuShares("/orc", 1024);
        Assert.Equal("39", File.ReadAllText(Path.Combine(_mount, "orc/cpu.weight")));
        cgroups.SetMemoryLimit("/none", 1);
        Assert.ThrowsAny<IOException>(() => cgroups.Create("/without-controllers"));
        Assert.Null(cgroups.Limits("/none"));
        cgroups.Remove("/none");

        var text = new MetricsText();
        meters.Cgroup.Write(text);
        var counts = text.ToString().Split('\n').Where(static l => l.Contains("_count{", StringComparison.Ordinal));
        const string Name = "kubelet_cgroup_manager_duration_seconds_count";
        Assert.Equal(
            [
                $"{Name}{{operation_type=\"create\"}} 2", $"{Name}{{operation_type=\"destroy\"}} 1",
                $"{Name}{{operation_type=\"update\"}} 2",
            ],
            counts);
    }
}
