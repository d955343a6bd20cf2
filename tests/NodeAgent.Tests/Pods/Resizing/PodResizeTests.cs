using k8s.Models;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods.Resizing;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Pods.Resizing.SizedPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods.Resizing;

/// <summary>In which order a resize is carried out, and when it is refused.</summary>
public sealed class PodResizeTests
{
    /// <summary>
    /// Amounts of containers a and b, cpu/memory limits (requests the same), before and after; the steps, where
    /// <c>pod</c> is the pod's group, m memory, q quota and s shares.
    /// </summary>
    [Theory]
    [InlineData("100m/64Mi 100m/64Mi", "200m/64Mi 100m/64Mi", "pod:q=30000 pod:s=307 a:q=20000,s=204")]
    [InlineData("200m/64Mi 100m/64Mi", "100m/64Mi 100m/64Mi", "a:q=10000,s=102 pod:s=204 pod:q=20000")]
    [InlineData("100m/64Mi 300m/64Mi", "200m/64Mi 100m/64Mi", "b:q=10000,s=102 a:q=20000,s=204 pod:s=307 pod:q=30000")]
    [InlineData("100m/64Mi 200m/64Mi", "300m/64Mi 100m/64Mi", "pod:q=40000 pod:s=409 b:q=10000,s=102 a:q=30000,s=307")]
    [InlineData("100m/64Mi 200m/64Mi", "200m/64Mi 100m/64Mi", "b:q=10000,s=102 a:q=20000,s=204")]
    [InlineData("100m/64Mi 100m/64Mi", "100m/128Mi 100m/64Mi", "pod:m=192 a:m=128")]
    [InlineData("100m/128Mi 100m/64Mi", "100m/64Mi 100m/64Mi", "a:m=64 pod:m=128")]
    [InlineData("100m/64Mi 100m/128Mi", "100m/128Mi 100m/32Mi", "b:m=32 a:m=128 pod:m=160")]
    [InlineData("100m/64Mi 100m/64Mi", "50m/128Mi 100m/64Mi", "pod:m=192 a:m=128 a:q=5000,s=51 pod:s=153 pod:q=15000")]
    [InlineData("100m/64Mi 100m/64Mi", "100m/64Mi 100m/64Mi", "")]
    public void The_pod_grows_before_its_containers_and_shrinks_after_them(string before, string after, string steps)
    {
        var (old, pod) = (Pod(before), Pod(after));

        var resize = Resize(old, pod);

        Assert.Equal(steps, string.Join(' ', resize.Steps(pod, Limits(PodResources.ForPod(old))).Select(Text)));
    }

    [Fact]
    public void Limits_come_to_a_pod_that_had_none_after_its_containers_have_theirs()
    {
        var (old, pod) = (Pod("100m/64Mi 100m/64Mi"), Pod("100m/64Mi 100m/64Mi"));
        old.Spec.Containers[1].Resources.Limits = null;

        var steps = Resize(old, pod).Steps(pod, Limits(PodResources.ForPod(old))).Select(Text);

        Assert.Equal("b:m=64 pod:m=128 b:q=10000,s=102 pod:q=20000", string.Join(' ', steps));
    }

    [Fact]
    public void Requests_of_memory_change_no_group_but_are_a_resize()
    {
        var (old, pod) = (Pod("100m/64Mi 100m/64Mi"), Pod("100m/64Mi 100m/64Mi"));
        old.Spec.Containers[0].Resources.Requests["memory"] = new ResourceQuantity("32Mi");

        Assert.True(Assert.Single(Resize(old, pod).Containers).ChangesMemory);
    }

    [Theory]
    [InlineData(63, 63, null)]
    [InlineData(128, 10, "attempting to set pod memory limit (134217728) below current usage (134217728)")]
    [InlineData(100, 64, "attempting to set container \"a\" memory limit (67108864) below current usage (67108864)")]
    [InlineData(200, 100, "[attempting to set pod memory limit (134217728) below current usage (209715200), attempting to set container \"a\" memory limit (67108864) below current usage (104857600)]")]
    [InlineData(-1, -1, "[missing pod memory usage, missing container \"a\" memory usage]")]
    public void Memory_in_use_is_not_taken_away(int podMebibytes, int containerMebibytes, string? problem)
    {
        var (old, pod) = (Pod("100m/128Mi 100m/64Mi"), Pod("100m/64Mi 100m/64Mi"));

        var refusal = Resize(old, pod).Refuse(
            pod, Limits(PodResources.ForPod(old)), Bytes(podMebibytes), _ => Bytes(containerMebibytes));

        Assert.Equal(problem is null ? null : "cannot decrease memory limits: " + problem, refusal);

        static ulong? Bytes(int mebibytes) => mebibytes < 0 ? null : (ulong)mebibytes << 20;
    }

    [Fact]
    public void More_memory_is_given_whatever_is_in_use()
    {
        var (old, pod) = (Pod("100m/64Mi 100m/64Mi"), Pod("100m/128Mi 100m/64Mi"));

        Assert.Null(Resize(old, pod).Refuse(pod, Limits(PodResources.ForPod(old)), null, _ => null));
    }

    /// <summary>Policies for cpu and memory, whether cpu and memory change; restart or not.</summary>
    [Theory]
    [InlineData("NotRequired", "NotRequired", true, true, false)]
    [InlineData("RestartContainer", "NotRequired", false, true, false)]
    [InlineData("RestartContainer", "NotRequired", true, false, true)]
    [InlineData("NotRequired", "RestartContainer", true, false, false)]
    [InlineData("NotRequired", "RestartContainer", false, true, true)]
    [InlineData(null, null, true, true, false)]
    public void Containers_restart_only_for_what_their_policy_says(
        string? cpu, string? memory, bool cpuChanges, bool memoryChanges, bool restarts)
    {
        var pod = Pod($"{(cpuChanges ? 200 : 100)}m/{(memoryChanges ? 128 : 64)}Mi");
        pod.Spec.Containers[0].ResizePolicy = cpu is null ? null :
        [
            new V1ContainerResizePolicy { ResourceName = "cpu", RestartPolicy = cpu },
            new V1ContainerResizePolicy { ResourceName = "memory", RestartPolicy = memory },
        ];

        Assert.Equal(restarts, Assert.Single(Resize(Pod("100m/64Mi"), pod).Containers).NeedsRestart);
    }

    private static PodResize Resize(V1Pod old, V1Pod pod)
    {
        var actuated = PodAmounts.Of(old);
        return new PodResize(
            [.. pod.Spec.Containers.Select(c => ContainerResize.Of(pod, c, Running(c.Name), actuated))
                .OfType<ContainerResize>()],
            PodToo: false);
    }

    private static string Text(ResizeStep step)
    {
        var amounts = step.Amounts;
        string[] parts =
        [
            .. amounts.MemoryLimitInBytes > 0 ? [$"m={amounts.MemoryLimitInBytes >> 20}"] : Array.Empty<string>(),
            .. amounts.CpuQuota > 0 ? [$"q={amounts.CpuQuota}"] : Array.Empty<string>(),
            .. amounts.CpuShares > 0 ? [$"s={amounts.CpuShares}"] : Array.Empty<string>(),
        ];
        return $"{step.Container?.Container.Name ?? "pod"}:{string.Join(',', parts)}";
    }
}
