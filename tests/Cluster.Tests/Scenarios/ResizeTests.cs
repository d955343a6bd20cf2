using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>Other amounts for running pods, by kubectl, down to what the kernel holds the container to.</summary>
[Collection(ClusterTests.Name)]
public sealed class ResizeTests(RealCluster cluster)
{
    private const string MemoryLimit =
        "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null || true";

    [Fact]
    public async Task A_running_pod_is_resized_in_place()
    {
        await using var space = await Space.CreateAsync(cluster, "resize");
        await space.ApplyAsync(Pods.Shell(
            "sized", Pods.Idle,
            more: "resources: {requests: {cpu: 100m, memory: 32Mi}, limits: {cpu: 200m, memory: 64Mi}}"));
        await space.WaitAsync("pod/sized", "Ready");
        Assert.Equal("67108864\n", await space.ShellAsync("sized", MemoryLimit));

        await ResizeAsync(space, """{"requests":{"cpu":"150m"},"limits":{"cpu":"300m","memory":"96Mi"}}""");
        await space.WaitAsync("pod/sized", "{.status.containerStatuses[0].resources.limits.memory}=96Mi");

        Assert.Equal("100663296\n", await space.ShellAsync("sized", MemoryLimit));
        Assert.Equal("150m 300m 0 2", await space.FieldAsync(
            "pod/sized",
            "{.status.containerStatuses[0].resources.requests.cpu} {.status.containerStatuses[0].resources.limits.cpu} {.status.containerStatuses[0].restartCount} {.status.observedGeneration}"));
        Assert.DoesNotContain(
            "PodResize", await space.FieldAsync("pod/sized", "{.status.conditions[*].type}"), StringComparison.Ordinal);
        await space.EventAsync("sized", "ResizeCompleted", "\"generation\":2}");

        var refused = await space.TryAsync(Resizing("""{"requests":{"cpu":"1000"},"limits":{"cpu":"1000"}}"""));
        Assert.Contains(
            "node didn't have enough allocatable resources: cpu, requested: 1000000, allocatable: ", refused.Errors,
            StringComparison.Ordinal);
        Assert.Equal(
            "300m", await space.FieldAsync("pod/sized", "{.spec.containers[0].resources.limits.cpu}"));

        await ResizeAsync(space, """{"requests":{"cpu":"100m"},"limits":{"cpu":"200m"}}""");
        await space.WaitAsync("pod/sized", "{.status.observedGeneration}=3");
        Assert.DoesNotContain(
            "PodResizePending", await space.FieldAsync("pod/sized", "{.status.conditions[*].type}"),
            StringComparison.Ordinal);
    }

    private static Task<string> ResizeAsync(Space space, string resources) =>
        space.KubectlAsync(Resizing(resources));

    private static string[] Resizing(string resources) =>
    [
        "patch", "pod", "sized", "--subresource=resize",
        "--patch", $"{{\"spec\":{{\"containers\":[{{\"name\":\"main\",\"resources\":{resources}}}]}}}}",
    ];
}
