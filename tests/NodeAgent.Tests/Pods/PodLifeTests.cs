using k8s.Models;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.TestPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

[Collection("containers")]
public sealed class PodLifeTests(NodeHarness node)
{
    private FakeCluster Cluster => node.Cluster;

    [Fact]
    public async Task A_pod_runs_and_goes()
    {
        Assert.SkipWhen(NodeHarness.Unavailable is not null, NodeHarness.Unavailable ?? "");
        var pod = Cluster.Create(Pod("plain", Service("web")));

        var running = await Cluster.UntilAsync(pod, IsReady, "ready");

        Assert.Equal("Running", running.Status.Phase);
        Assert.StartsWith("10.199.7.", running.Status.PodIP, StringComparison.Ordinal);
        var status = Assert.Single(running.Status.ContainerStatuses);
        Assert.True(status.Ready);
        Assert.Equal(0, status.RestartCount);
        Assert.StartsWith("containerd://", status.ContainerID, StringComparison.Ordinal);

        Cluster.BeginDelete(pod);
        await Cluster.UntilAsync(() => !Cluster.Exists(pod), () => "deleted");
    }
}
