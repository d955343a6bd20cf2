using k8s.Models;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Pods.Resizing.SizedPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods.Resizing;

/// <summary>Resizes of real containers: what the kernel has, and what the API hears.</summary>
[Collection("containers")]
public sealed class ResizeLifeTests(NodeHarness node)
{
    private FakeCluster Cluster => node.Cluster;

    [Theory]
    [InlineData("grow", "100m/64Mi 100m/64Mi", "200m/96Mi 150m/64Mi")]
    [InlineData("shrink", "200m/96Mi 150m/64Mi", "100m/64Mi 100m/48Mi")]
    [InlineData("swap", "300m/96Mi 100m/64Mi", "100m/64Mi 300m/96Mi")]
    public async Task Running_containers_get_other_amounts_without_restart(string name, string before, string after)
    {
        node.Require();
        var pod = Cluster.Create(Pod(before, "resize-" + name));
        var running = await Cluster.UntilAsync(pod, TestPods.IsReady, "ready");
        AssertActual(running);

        Resize(pod, Pod(after).Spec);
        var resized = await UntilResizedAsync(pod);

        AssertActual(resized);
        Assert.All(resized.Status.ContainerStatuses, s => Assert.Equal(0, s.RestartCount));
        Assert.Equal(running.Status.ContainerStatuses.Select(
            s => s.ContainerID), resized.Status.ContainerStatuses.Select(s => s.ContainerID));
        await Cluster.UntilEventAsync(pod, "ResizeStarted", "Pod resize started: {\"containers\":[{\"name\":\"a\"");
        await Cluster.UntilEventAsync(pod, "ResizeCompleted", "\"generation\":2}");
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task A_container_restarts_when_its_policy_says_so()
    {
        node.Require();
        var pod = Pod("100m/64Mi 100m/64Mi", "resize-restart");
        pod.Spec.Containers[0].ResizePolicy =
            [new V1ContainerResizePolicy { ResourceName = "memory", RestartPolicy = "RestartContainer" }];
        Cluster.Create(pod);
        await Cluster.UntilAsync(pod, TestPods.IsReady, "ready");

        Resize(pod, Pod("100m/96Mi 100m/64Mi").Spec);
        var resized = await UntilResizedAsync(pod);

        Assert.Equal([1, 0], resized.Status.ContainerStatuses.Select(s => s.RestartCount));
        AssertActual(resized);
        await Cluster.UntilEventAsync(pod, "Killing", "Container a resize requires restart");
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task Memory_in_use_is_not_taken_away_and_the_wish_can_be_taken_back()
    {
        node.Require();
        var pod = Pod("100m/96Mi", "resize-in-use");
        pod.Spec.Containers[0].Command =
            ["sh", "-c", "trap 'exit 0' TERM; x=$(head -c 24000000 /dev/zero | tr '\\0' x); echo full; while true; do sleep 1 & wait $!; done"];
        Cluster.Create(pod);
        await node.UntilLogAsync(pod, "a", "full");

        Resize(pod, Pod("100m/16Mi").Spec);
        var stuck = await Cluster.UntilAsync(
            pod, p => Condition(p, "PodResizeInProgress")?.Reason == "Error", "the error");

        Assert.StartsWith(
            "cannot decrease memory limits: [attempting to set pod memory limit (16777216) below current usage (",
            Condition(stuck, "PodResizeInProgress")!.Message, StringComparison.Ordinal);
        Assert.Equal("96Mi", stuck.Status.ContainerStatuses[0].Resources.Limits["memory"].ToString());
        await Cluster.UntilEventAsync(pod, "ResizeError", "below current usage");
        Resize(pod, Pod("100m/96Mi").Spec);
        AssertActual(await UntilResizedAsync(pod));
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task A_resize_waits_for_room_through_a_restart_of_the_agent()
    {
        node.Require();
        var free = node.Get<NodeFacts>().MilliCpuForPods;
        var pod = Cluster.Create(Requesting("resize-waits", 100));
        var other = Cluster.Create(Requesting("resize-other", free - 200));
        await Cluster.UntilAsync(pod, TestPods.IsReady, "ready");
        await Cluster.UntilAsync(other, TestPods.IsReady, "ready");

        Resize(pod, Requesting("x", free * 2).Spec);
        var never = await Cluster.UntilAsync(
            pod, p => Condition(p, "PodResizePending")?.Reason == "Infeasible", "infeasible");
        Resize(pod, Requesting("x", free - 100).Spec);
        var waits = await Cluster.UntilAsync(
            pod, p => Condition(p, "PodResizePending")?.Reason == "Deferred", "deferred");
        await Cluster.UntilEventAsync(pod, "ResizeDeferred", "Node didn't have enough resource: cpu");
        await node.RestartAgentAsync(whileDown: () => { });
        var still = await Cluster.UntilAsync(pod, TestPods.IsReady, "ready");

        Assert.Equal($"Node didn't have enough capacity: cpu, requested: {free * 2}, capacity: {free}", Condition(
            never, "PodResizePending")!.Message);
        Assert.Equal(
            $"Node didn't have enough resource: cpu, requested: {free - 100}, used: {free - 200}, capacity: {free}",
            Condition(waits, "PodResizePending")!.Message);
        Assert.Equal(3, Condition(still, "PodResizePending")!.ObservedGeneration);
        Assert.Equal("100m", still.Status.AllocatedResources["cpu"].ToString());
        await node.DeleteAsync(other); // there is room now
        var resized = await UntilResizedAsync(pod);
        Assert.Equal(new ResourceQuantity($"{free - 100}m")
            .ToDecimal(), resized.Status.ContainerStatuses[0].Resources.Requests["cpu"].ToDecimal());
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task A_pod_is_held_to_its_own_amounts_and_resized_as_a_whole()
    {
        node.Require();
        var pod = Pod("-/- 50m/32Mi", "resize-pod");
        pod.Spec.Containers[0].Resources = new V1ResourceRequirements();
        pod.Spec.Resources = Of("100m/64Mi", "200m/128Mi");
        Cluster.Create(pod);
        var running = await Cluster.UntilAsync(pod, TestPods.IsReady, "ready");

        Assert.Equal((102, 20000, 128L << 20), Group(running, ""));
        Assert.Equal((204, 20000, 128L << 20), Group(running, "a"));
        Assert.Equal((51, 5000, 32L << 20), Group(running, "b"));
        Assert.Equal("200m", running.Status.Resources.Limits["cpu"].ToString());
        Assert.Equal("100m", running.Status.AllocatedResources["cpu"].ToString());

        Cluster.Change(pod.Metadata.Uid, p => p with
        {
            Metadata = p.Metadata with { Generation = 2 },
            Spec = p.Spec with { Resources = Of("150m/64Mi", "300m/192Mi") },
        });
        var resized = await UntilResizedAsync(pod);

        Assert.Equal((153, 30000, 192L << 20), Group(resized, ""));
        Assert.Equal((307, 30000, 192L << 20), Group(resized, "a"));
        Assert.Equal((51, 5000, 32L << 20), Group(resized, "b"));
        Assert.Equal("192Mi", resized.Status.Resources.Limits["memory"].ToString());
        Assert.Equal("150m", resized.Status.AllocatedResources["cpu"].ToString());
        await node.DeleteAsync(pod);
        Assert.Null(node.Get<Cgroups>().Limits(pod));
    }

    [Fact]
    public async Task What_starts_after_a_resize_finds_room_in_the_pods_group()
    {
        node.Require();
        var pod = Pod("100m/32Mi", "resize-looping");
        pod.Spec.Containers[0].Command = ["sh", "-c", "sleep 1; exit 1"];
        Cluster.Create(pod);
        await Cluster.UntilAsync(
            pod, p => p.Status.ContainerStatuses?[0].State.Waiting?.Reason == "CrashLoopBackOff", "back-off");

        Resize(pod, Pod("400m/64Mi").Spec);
        await Cluster.UntilAsync(
            pod, p => p.Status.ContainerStatuses[0] is { RestartCount: > 1, State.Running: not null }, "started again");

        AssertActual(Cluster.Get(pod));
        await node.DeleteAsync(pod);
    }

    private void Resize(V1Pod pod, V1PodSpec wanted) => Cluster.Change(pod.Metadata.Uid, p => p with
    {
        Metadata = p.Metadata with { Generation = p.Metadata.Generation + 1 },
        Spec = p.Spec with
        {
            Containers = [.. p.Spec.Containers.Zip(
                wanted.Containers, (old, next) => old with { Resources = next.Resources })],
        },
    });

    private async Task<V1Pod> UntilResizedAsync(V1Pod pod)
    {
        var generation = Cluster.Get(pod).Metadata.Generation;
        return await Cluster.UntilAsync(
            pod,
            p => p.Status.ObservedGeneration == generation && TestPods.IsReady(p)
                && Condition(p, "PodResizePending") is null && Condition(p, "PodResizeInProgress") is null
                && p.Spec.Containers.Zip(p.Status.ContainerStatuses).All(
                    c => Text(c.First.Resources) == Text(c.Second.Resources)),
            "resized");
    }

    /// <summary>Status, container's group and pod's group say what the spec does.</summary>
    private void AssertActual(V1Pod pod)
    {
        foreach (var (container, status) in pod.Spec.Containers.Zip(pod.Status.ContainerStatuses))
        {
            var set = PodResources.ForContainer(pod, container, 0);
            Assert.Equal((set.CpuShares, set.CpuQuota, set.MemoryLimitInBytes), Group(pod, container.Name));
            Assert.Equal(Text(container.Resources), Text(status.Resources));
            Assert.Equal(container.Resources.Requests["cpu"].ToString(), status.AllocatedResources["cpu"].ToString());
        }

        var whole = PodResources.ForPod(pod);
        Assert.Equal((whole.CpuShares, whole.CpuQuota, whole.MemoryLimitInBytes), Group(pod, ""));
    }

    private (long Shares, long Quota, long Memory) Group(V1Pod pod, string container)
    {
        var id = pod.Status.ContainerStatuses.FirstOrDefault(
            s => s.Name == container)?.ContainerID["containerd://".Length..];
        var limits = id is null ? node.Get<Cgroups>().Limits(pod) : node.Get<Cgroups>().Limits(pod, id);
        return (limits!.CpuShares, limits.CpuQuotaMicroseconds ?? 0, limits.MemoryBytes ?? 0);
    }

    private static V1Pod Requesting(string name, long milliCpu)
    {
        var pod = Pod("-/-", name);
        pod.Spec.Containers[0].Resources = Of($"{milliCpu}m/-", "-/-");
        return pod;
    }

    private static V1PodCondition? Condition(V1Pod pod, string type) =>
        pod.Status.Conditions?.FirstOrDefault(c => c.Type == type);

    private static string Text(V1ResourceRequirements? resources) =>
        string.Join(' ', new[] { resources?.Requests, resources?.Limits }
        .Select(a => string.Join(
            '/', new[] { "cpu", "memory" }.Select(r => a?.TryGetValue(r, out var q) == true ? q.ToDecimal() : -1))));
}
