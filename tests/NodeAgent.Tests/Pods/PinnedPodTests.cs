using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cpus;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.TestPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

/// <summary>Pods that run with CPUs of their own, and others beside them, on a node whose policy gives such.</summary>
[Collection("small node")]
public sealed class PinnedPodTests : IAsyncLifetime
{
    private const string Allowed = "grep Cpus_allowed_list /proc/self/status | cut -f2";

    private readonly NodeHarness _node = new(
        Directory.CreateTempSubdirectory("orc-pinned-").FullName,
        static options => options with
        {
            NodeName = "pinning-node", PodCidr = "10.199.9.0/24", BridgeName = "orctest2",
            Resources = new ResourceOptions { CpuPolicy = "static", ReservedCpus = "0" },
        });

    private FakeCluster Cluster => _node.Cluster;

    public ValueTask InitializeAsync() => _node.InitializeAsync();

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task A_guaranteed_pod_has_its_cpu_alone_and_one_that_runs_moves_away_and_back()
    {
        _node.Require();
        Assert.SkipWhen(Environment.ProcessorCount < 2, "needs two CPUs");
        var all = _node.Get<CpuManager>().AffinityOf("", "").ToString();
        var shared = Pod("shared", Shell("c", $"while sleep 0.2; do echo runs on $({Allowed}).; done"));
        Cluster.Create(shared);
        await _node.UntilLogAsync(shared, "c", $"runs on {all}.");

        var own = Pod("own", Shell("c", $"echo alone on $({Allowed}).; cat /sys/fs/cgroup/cpu.max; sleep 1000"));
        own.Spec.Containers[0].Resources = new V1ResourceRequirements
        {
            Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1"), ["memory"] = new("32Mi") },
            Limits = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1"), ["memory"] = new("32Mi") },
        };
        Cluster.Create(own);

        await Cluster.UntilAsync(own, IsReady, "running");
        var alone = _node.Get<CpuManager>().ExclusiveOf(own.Metadata.Uid, "c");
        Assert.Single(alone);
        await _node.UntilLogAsync(own, "c", $"alone on {alone}.");
        var rest = _node.Get<CpuManager>().AffinityOf(shared.Metadata.Uid, "c").ToString();
        Assert.NotEqual(all, rest);
        await _node.UntilLogAsync(shared, "c", $"runs on {rest}.");
        Assert.Equal("1", Cluster.Get(own).Status.ContainerStatuses[0].Resources.Limits["cpu"].ToString());

        await _node.DeleteAsync(own);
        await Cluster.UntilAsync(
            () => _node.Get<CpuManager>().AffinityOf("", "").ToString() == all, () => "given back", poll: true);
        await _node.UntilLogAsync(shared, "c", $"runs on {rest}.\nruns on {all}.");
        await _node.DeleteAsync(shared);
    }
}
