using k8s.Models;
using OrleansOrchestrator.NodeAgent.PodRecords;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Pods.Resizing.SizedPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods.Resizing;

/// <summary>Amounts of the pod as a whole: class, groups, and what they mean for its containers.</summary>
public sealed class PodLevelTests
{
    private const long Gibibyte = 1L << 30;

    /// <summary>The pod's own amounts and those of its container, requests limits each.</summary>
    [Theory]
    [InlineData("1/1Gi 1/1Gi", "-/- -/-", "Guaranteed")]
    [InlineData("1/1Gi 2/1Gi", "1/1Gi 1/1Gi", "Burstable")]
    [InlineData("1/- 1/-", "1/1Gi 1/1Gi", "Burstable")]
    [InlineData("-/1Gi -/-", "-/- -/-", "Burstable")]
    [InlineData("-/- -/-", "1/1Gi 1/1Gi", "Guaranteed")]
    [InlineData("-/- -/-", "-/- -/-", "BestEffort")]
    public void The_class_comes_from_the_pods_own_amounts_if_it_has_any(string own, string container, string qos) =>
        Assert.Equal(qos, PodResources.Qos(Pod(own, container)));

    [Fact]
    public void Containers_without_limits_are_held_to_the_pods()
    {
        var pod = Pod("1/1Gi 2/2Gi", "500m/512Mi -/-");

        var container = PodResources.ForContainer(pod, pod.Spec.Containers[0], 4 * Gibibyte);

        Assert.Equal(
            (512, 200_000, 2 * Gibibyte), (container.CpuShares, container.CpuQuota, container.MemoryLimitInBytes));
        pod.Spec.Containers[0].Resources = Of("500m/512Mi", "1/1Gi");
        container = PodResources.ForContainer(pod, pod.Spec.Containers[0], 4 * Gibibyte);
        Assert.Equal((512, 100_000, Gibibyte), (container.CpuShares, container.CpuQuota, container.MemoryLimitInBytes));
    }

    [Fact]
    public void Containers_without_limits_read_those_of_their_pod()
    {
        var ceiling = PodResources.Ceiling(Pod("1/1Gi 2/-", "-/- -/-"), Amounts("4/4Gi"));

        Assert.Equal(("2", "4Gi"), (ceiling["cpu"].ToString(), ceiling["memory"].ToString()));
    }

    [Fact]
    public void The_pods_group_is_held_to_its_own_amounts()
    {
        var group = PodResources.ForPod(Pod("1/1Gi 2/2Gi", "500m/512Mi 1/1Gi"));

        Assert.Equal((1024, 200_000, 2 * Gibibyte), (group.CpuShares, group.CpuQuota, group.MemoryLimitInBytes));
        group = PodResources.ForPod(Pod("1/- 2/-", "500m/512Mi -/-"));
        Assert.Equal((1024, 200_000, 0), (group.CpuShares, group.CpuQuota, group.MemoryLimitInBytes));
    }

    [Fact]
    public void An_init_container_counts_with_the_sidecars_before_it()
    {
        var pod = Pod("-/- -/-", "100m/64Mi 100m/64Mi");
        pod.Spec.InitContainers =
        [
            new V1Container { Name = "side", RestartPolicy = "Always", Resources = Both("200m/64Mi") },
            new V1Container { Name = "init", Resources = Both("500m/64Mi") },
        ];

        Assert.Equal(700, PodResources.Requested(pod, "cpu"));
        Assert.Equal(128L << 20, PodResources.Requested(pod, "memory"));
    }

    /// <summary>Of 4Gi; the pod's memory request, the containers'; the score of the first.</summary>
    [Theory]
    [InlineData("-", "1Gi 1Gi", 750)]
    [InlineData("2Gi", "1Gi -", 625)]
    [InlineData("2Gi", "- -", 750)]
    [InlineData("4Gi", "3Gi -", 125)]
    [InlineData("-", "1Mi -", 999)]
    [InlineData("-", "4Gi -", 3)]
    public void What_the_pod_asks_for_beyond_its_containers_protects_them_all(string own, string containers, long score)
    {
        var pod = SizedPods.Pod("-/- -/-");
        foreach (var (container, text) in pod.Spec.Containers.Zip(containers.Split(' ')))
        {
            container.Resources = Of($"-/{text}", "-/-");
        }

        pod.Spec.Resources = own == "-" ? null : Of($"-/{own}", "-/-");

        Assert.Equal(score, OomScores.Of(pod, pod.Spec.Containers[0], 4 * Gibibyte));
    }

    [Fact]
    public void A_sidecar_goes_no_sooner_than_those_it_serves()
    {
        var pod = SizedPods.Pod("-/1Gi");
        pod.Spec.Containers[0].Resources.Limits = null;
        pod.Spec.InitContainers = [new V1Container { Name = "side", RestartPolicy = "Always" }];

        Assert.Equal(750, OomScores.Of(pod, pod.Spec.InitContainers[0], 4 * Gibibyte));
    }

    private static V1Pod Pod(string own, string container)
    {
        var pod = SizedPods.Pod("-/-");
        pod.Spec.Containers[0].Resources = Of(container.Split(' ')[0], container.Split(' ')[1]);
        pod.Spec.Resources = Of(own.Split(' ')[0], own.Split(' ')[1]);
        return pod;
    }
}
