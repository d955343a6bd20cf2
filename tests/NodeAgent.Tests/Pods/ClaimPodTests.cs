using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Dra;
using OrleansOrchestrator.NodeAgent.Dra.V1;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.TestPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

/// <summary>Pods that run with devices of a driver of dynamic resources.</summary>
[Collection("containers")]
public sealed class ClaimPodTests(NodeHarness node)
{
    private FakeCluster Cluster => node.Cluster;

    [Fact]
    public async Task A_pod_waits_for_its_driver_and_ends_for_the_cluster_when_that_has_its_devices_back()
    {
        node.Require();
        await using var driver = await FakeDraDriver.StartAsync("waited.example.com");
        var pod = Claiming("claiming", driver);
        await Cluster.UntilEventAsync(
            pod, "FailedPrepareDynamicResources",
            "Failed to prepare dynamic resources: prepare dynamic resources: " +
            "DRA driver waited.example.com is not registered");

        await driver.AppearAsync(node.Options);
        await Cluster.UntilAsync(pod, IsReady, "running with its device");
        Assert.Equal(["prepare gpu-of-claiming"], driver.Calls);
        var health = Assert.Single(Cluster.Get(pod).Status.ContainerStatuses[0].AllocatedResourcesStatus);
        Assert.Equal(
            ("claim:gpu-of-claiming", "waited.example.com/pool/gpu-of-claiming", "Unknown"),
            (health.Name, health.Resources[0].ResourceID, health.Resources[0].Health));

        var refused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        driver.Mood = (_, _) =>
        {
            refused.TrySetResult();
            throw new RpcException(new Status(StatusCode.Unavailable, "not now"));
        };
        Cluster.BeginDelete(pod);
        await refused.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Null(Cluster.Get(pod).Status.ContainerStatuses[0].State.Terminated);

        driver.Mood = static (_, _) => Task.CompletedTask;
        await Cluster.UntilAsync(() => !Cluster.Exists(pod), () => "deleted");
        Assert.Equal("unprepare gpu-of-claiming", driver.Calls[^1]);
        Assert.Empty(node.Get<PreparedClaims>().Book.OfPod(pod.Metadata.Uid));
    }

    [Fact]
    public async Task A_container_that_starts_again_has_its_devices_without_its_driver_and_a_restart_changes_nothing()
    {
        node.Require();
        await using var driver = await FakeDraDriver.StartAsync("kept.example.com");
        await driver.AppearAsync(node.Options);
        var pod = Claiming("keeping", driver, "sleep 1; exit 1");
        await Cluster.UntilAsync(pod, static p => p.Status.ContainerStatuses?[0].RestartCount > 0, "started again");
        Assert.Equal(["prepare gpu-of-keeping"], driver.Calls);

        await node.RestartAgentAsync(static () => { });
        Assert.NotEmpty(node.Get<PreparedClaims>().Book.OfPod(pod.Metadata.Uid));
        await node.DeleteAsync(pod);
        Assert.Equal("unprepare gpu-of-keeping", driver.Calls[^1]);
    }

    [Fact]
    public async Task What_a_pod_that_vanished_while_the_agent_was_away_had_is_taken_back()
    {
        node.Require();
        await using var driver = await FakeDraDriver.StartAsync("vanished.example.com");
        await driver.AppearAsync(node.Options);
        var pod = Claiming("vanishing", driver);
        await Cluster.UntilAsync(pod, IsReady, "running");

        await node.RestartAgentAsync(() => Cluster.Vanish(pod));

        await Cluster.UntilAsync(
            () => node.Get<PreparedClaims>().Book.OfPod(pod.Metadata.Uid).Count == 0, () => "taken back", poll: true);
        Assert.Equal(["prepare gpu-of-vanishing", "unprepare gpu-of-vanishing"], driver.Calls);
    }

    [Fact]
    public async Task What_a_pod_left_of_which_nothing_else_is_here_is_taken_back_when_its_driver_comes()
    {
        node.Require();
        await using var driver = await FakeDraDriver.StartAsync("swept.example.com");
        var left = new ClaimRecord
        {
            Namespace = "default",
            Name = "left",
            Uid = "uid-of-left",
            Drivers = new Dictionary<string, IReadOnlyList<PreparedDevice>> { [driver.Name] = [] },
        };
        await node.RestartAgentAsync(
            () => _ = new PreparedClaims(node.Options).ComeAsync("gone", [left], CancellationToken.None));
        Assert.NotEmpty(node.Get<PreparedClaims>().Book.OfPod("gone"));

        await driver.AppearAsync(node.Options);

        await Cluster.UntilAsync(
            () => node.Get<PreparedClaims>().Book.OfPod("gone").Count == 0, () => "taken back", poll: true);
        Assert.Equal(["unprepare left"], driver.Calls);
    }

    private V1Pod Claiming(string name, FakeDraDriver driver, string? script = null)
    {
        var pod = DraParts.Using(
            Pod(name, script is null ? Service("c") : Shell("c", script)), "gpu-of-" + name);
        driver.Prepare = WithoutCdi;
        Cluster.Put(DraParts.Claim("gpu-of-" + name, [driver.Name], pod));
        return Cluster.Create(pod);
    }

    /// <summary>A runtime that knows CDI would look for files that describe the device to it.</summary>
    private static NodePrepareResourceResponse WithoutCdi(Claim claim)
    {
        var prepared = FakeDraDriver.Prepared(claim);
        prepared.Devices[0].CdiDeviceIds.Clear();
        return prepared;
    }
}
