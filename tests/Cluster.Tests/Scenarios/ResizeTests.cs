using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>Other amounts for running pods, by kubectl, down to what the kernel holds the container to.</summary>
[Collection(ClusterTests.Name)]
public sealed class ResizeTests(RealCluster cluster)
{
    private const string MemoryLimit =
        "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null || true";

    private const string TooMuch = """{"requests":{"cpu":"1000"},"limits":{"cpu":"1000"}}""";

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

        var refused = await space.TryAsync(Resizing(TooMuch));
        Assert.Contains(
            "node didn't have enough allocatable resources: cpu, requested: 1000000, allocatable: ", refused.Errors,
            StringComparison.Ordinal);
        Assert.Equal(
            "300m", await space.FieldAsync("pod/sized", "{.spec.containers[0].resources.limits.cpu}"));

        await AskForTooMuchAsync(space);
        await space.WaitAsync("pod/sized", "PodResizePending");
        Assert.Equal("Infeasible 3", await space.FieldAsync(
            "pod/sized",
            "{.status.conditions[?(@.type=='PodResizePending')].reason} {.status.conditions[?(@.type=='PodResizePending')].observedGeneration}"));
        await space.EventAsync(
            "sized", "ResizeInfeasible", "Node didn't have enough capacity: cpu, requested: 1000000");
        Assert.Equal(
            "300m", await space.FieldAsync("pod/sized", "{.status.containerStatuses[0].resources.limits.cpu}"));

        await ResizeAsync(space, """{"requests":{"cpu":"100m"},"limits":{"cpu":"200m"}}""");
        await space.WaitAsync("pod/sized", "{.status.observedGeneration}=4");
        Assert.DoesNotContain(
            "PodResizePending", await space.FieldAsync("pod/sized", "{.status.conditions[*].type}"),
            StringComparison.Ordinal);
    }

    // The API refuses what the node's object does not promise. When that promises too much, the node says what it has;
    // it also mends its object now and then, and the promise has to be made again.
    private static async Task AskForTooMuchAsync(Space space)
    {
        var node = await space.FieldAsync("pod/sized", "{.spec.nodeName}");
        var real = await space.FieldAsync($"node/{node}", "{.status.allocatable.cpu}");
        await Patiently.UntilAsync(TimeSpan.FromMinutes(5), async _ =>
        {
            await PromiseAsync(space, node, "2000");
            return (await space.TryAsync(Resizing(TooMuch))).ExitCode == 0;
        });
        await PromiseAsync(space, node, real);
    }

    private static Task<string> PromiseAsync(Space space, string node, string cpu) => space.KubectlAsync(
        "patch", "node", node, "--subresource=status", "--patch",
        $"{{\"status\":{{\"allocatable\":{{\"cpu\":\"{cpu}\"}}}}}}");

    private static Task<string> ResizeAsync(Space space, string resources) =>
        space.KubectlAsync(Resizing(resources));

    private static string[] Resizing(string resources) =>
    [
        "patch", "pod", "sized", "--subresource=resize",
        "--patch", $"{{\"spec\":{{\"containers\":[{{\"name\":\"main\",\"resources\":{resources}}}]}}}}",
    ];
}
