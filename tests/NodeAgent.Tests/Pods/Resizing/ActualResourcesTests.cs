using k8s.Models;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods.Resizing;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Pods.Resizing.SizedPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods.Resizing;

/// <summary>Statuses say what the kernel has, in the words of the spec where that is the same.</summary>
public sealed class ActualResourcesTests
{
    /// <summary>What was given (requests, limits), shares, quota, memory of the kernel; what the status says.</summary>
    [Theory]
    [InlineData("200m/64Mi", "300m/64Mi", 204, 30000L, 67108864L, "200m/64Mi 300m/64Mi")]
    [InlineData("0.2/64Mi", "0.3/65536Ki", 204, 30000L, 67108864L, "200m/64Mi 300m/64Mi")]
    [InlineData("200m/64Mi", "300m/64Mi", 102, 10000L, 33554432L, "100m/64Mi 100m/32Mi")]
    [InlineData("200m/64Mi", "300m/64Mi", 1024, 200000L, 1073741824L, "1/64Mi 2/1Gi")]
    [InlineData("1m/64Mi", "5m/64Mi", 2, 1000L, 67108864L, "1m/64Mi 5m/64Mi")]
    [InlineData("200m/64Mi", "300m/64Mi", 204, null, null, "200m/64Mi -/-")]
    [InlineData("-/64Mi", "-/64Mi", 2, null, 67108864L, "-/64Mi -/64Mi")]
    [InlineData("200m/100", "300m/70000", 204, 30000L, 69632L, "200m/100 300m/70k")]
    public void A_container_has_what_its_group_has(
        string requests, string limits, long shares, long? quota, long? memory, string expected)
    {
        var container = Pod("1/1Gi").Spec.Containers[0] with { Resources = Of(requests, limits) };

        var actual = ActualResources.Of(container, Group(shares, quota, memory), null);

        Assert.Equal(expected, $"{Text(actual.Requests)} {Text(actual.Limits)}");
    }

    [Fact]
    public void Requested_memory_is_what_was_told_last()
    {
        var container = Pod("100m/64Mi").Spec.Containers[0];

        var actual = ActualResources.Of(container, Group(102, 10000, 67108864), Both("100m/32Mi"));

        Assert.Equal("100m/32Mi", Text(actual.Requests));
    }

    [Fact]
    public void Without_a_group_to_read_a_container_has_what_it_was_given()
    {
        var container = Pod("100m/64Mi").Spec.Containers[0];

        Assert.Same(container.Resources, ActualResources.Of(container, null, null));
        Assert.NotNull(ActualResources.Of(container with { Resources = null }, null, null)); // resizes need to see it
    }

    /// <summary>Weights are coarser than shares: what was given is there when its weight is.</summary>
    [Fact]
    public void Version_2_keeps_weights()
    {
        var container = Pod("20m/64Mi").Spec.Containers[0];
        var group = new CgroupLimits { CpuShares = 2, CpuWeight = 1, CpuQuotaMicroseconds = 2000,
            CpuPeriodMicroseconds = 100000, MemoryBytes = 67108864 };

        Assert.Equal("20m/64Mi", Text(ActualResources.Of(container, group, null).Requests));
        Assert.Equal("2m/64Mi", Text(
            ActualResources.Of(container with { Resources = Both("100m/64Mi") }, group, null).Requests));
    }

    /// <summary>
    /// Amounts of two containers (requests limits), the pod's own; what it is held to and what its status says.
    /// </summary>
    [Theory]
    [InlineData("100m/32Mi 200m/64Mi", "150m/32Mi 250m/64Mi", null, "250m/64Mi 450m/128Mi")]
    [InlineData("100m/32Mi 200m/64Mi", "150m/32Mi -/64Mi", null, "250m/64Mi -/128Mi")]
    [InlineData("-/- -/-", "-/- -/-", "1/1Gi 2/2Gi", "1/1Gi 2/2Gi")]
    [InlineData("100m/32Mi 200m/64Mi", "150m/- -/-", "500m/256Mi 1/512Mi", "500m/256Mi 1/512Mi")]
    public void A_pod_has_its_own_amounts_or_those_of_its_containers(string a, string b, string? own, string expected)
    {
        var pod = Pod("1/1 1/1");
        pod.Spec.Containers[0].Resources = Of(a.Split(' ')[0], a.Split(' ')[1]);
        pod.Spec.Containers[1].Resources = Of(b.Split(' ')[0], b.Split(' ')[1]);
        pod.Spec.Resources = own is null ? null : Of(own.Split(' ')[0], own.Split(' ')[1]);
        var status = new V1PodStatus();

        ActualResources.SetPod(status, pod, Limits(PodResources.ForPod(pod)), null);

        Assert.Equal(expected, $"{Text(status.Resources.Requests)} {Text(status.Resources.Limits)}");
        Assert.Equal(expected.Split(' ')[0], Text(status.AllocatedResources));
    }

    [Fact]
    public void A_pod_without_amounts_has_none()
    {
        var pod = Pod("-/-");
        var status = new V1PodStatus();

        ActualResources.SetPod(status, pod, Group(2, null, null), null);

        Assert.Null(status.Resources);
        Assert.Null(status.AllocatedResources);
    }

    private static CgroupLimits Group(long shares, long? quota, long? memory) => new()
    {
        CpuShares = shares, CpuQuotaMicroseconds = quota, CpuPeriodMicroseconds = 100000, MemoryBytes = memory,
    };

    private static string Text(IDictionary<string, ResourceQuantity>? amounts) => string.Join(
        '/', new[] { "cpu", "memory" }.Select(r => amounts?.TryGetValue(r, out var q) == true ? q.ToString() : "-"));
}
