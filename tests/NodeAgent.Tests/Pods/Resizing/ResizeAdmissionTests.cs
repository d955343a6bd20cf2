using k8s.Models;
using OrleansOrchestrator.NodeAgent.Pods.Resizing;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Pods.Resizing.SizedPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods.Resizing;

public sealed class ResizeAdmissionTests
{
    private const long Gibibyte = 1L << 30;

    /// <summary>A node of 4 CPUs and 4Gi with another pod of 1 CPU and 1Gi on it; what the pod asks for.</summary>
    [Theory]
    [InlineData("3/3Gi", null, null)]
    [InlineData(
        "3500m/1Gi", "Deferred", "Node didn't have enough resource: cpu, requested: 3500, used: 1000, capacity: 4000")]
    [InlineData("1/3584Mi", "Deferred",
        "Node didn't have enough resource: memory, requested: 3758096384, used: 1073741824, capacity: 4294967296")]
    [InlineData("5/1Gi", "Infeasible", "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000")]
    [InlineData(
        "5/5Gi", "Infeasible", "Node didn't have enough capacity: memory, requested: 5368709120, capacity: 4294967296")]
    public void The_node_gives_what_it_has_and_says_what_is_missing(string amounts, string? reason, string? message)
    {
        var verdict = Check(Pod(amounts), Pod("1/1Gi", "other"));

        Assert.Equal((reason, message), (verdict?.Reason, verdict?.Message));
    }

    [Fact]
    public void What_others_still_have_counts_until_they_have_given_it_back()
    {
        var shrinking = Pod("1/1Gi", "other");
        shrinking.Status = new V1PodStatus
        {
            ContainerStatuses = [new V1ContainerStatus { Name = "a", Resources = Both("2/1Gi") }],
        };

        Assert.Null(Check(Pod("3/1Gi"), Pod("1/1Gi", "other")));
        Assert.Equal("Deferred", Check(Pod("3/1Gi"), shrinking)?.Reason);
    }

    [Fact]
    public void The_pods_own_amounts_stand_for_those_of_its_containers()
    {
        var pod = Pod("1/1Gi 1/1Gi");
        pod.Spec.Resources = Both("4/2Gi");

        Assert.Equal("Node didn't have enough resource: cpu, requested: 4000, used: 1000, capacity: 4000", Check(
            pod, Pod("1/1Gi", "o"))?.Message);
    }

    [Fact]
    public void Static_pods_stay_as_they_are()
    {
        var pod = Pod("1/1Gi");
        pod.Metadata.Annotations = new Dictionary<string, string> { ["kubernetes.io/config.source"] = "file" };

        Assert.Equal("In-place resize of static-pods is not supported", Check(pod)?.Message);
    }

    /// <summary>Whose resize is tried first: no increase, priority, guaranteed, longest waiting.</summary>
    [Fact]
    public void Resizes_are_tried_in_upstreams_order()
    {
        var early = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        var burstable = Pod("2/1Gi", "burstable");
        burstable.Spec.Containers[0].Resources.Requests = Amounts("1500m/1Gi");
        var important = Pod("2/1Gi", "important");
        important.Spec.Priority = 1000;
        ResizeRequest[] requests =
        [
            new(burstable, Pod("1/1Gi"), early),
            new(Pod("2/1Gi", "new"), Pod("1/1Gi"), null),
            new(Pod("2/1Gi", "late"), Pod("1/1Gi"), early.AddHours(1)),
            new(Pod("2/1Gi", "early"), Pod("1/1Gi"), early),
            new(important, Pod("1/1Gi"), null),
            new(Pod("1/1Gi", "smaller"), Pod("2/1Gi"), null),
        ];

        Assert.Equal(
            ["smaller", "important", "early", "late", "new", "burstable"],
            requests.Order(ResizeRequest.Order).Select(r => r.Pod.Metadata.Name));
    }

    [Theory]
    [InlineData("2/1Gi", "none", "None", null)]
    [InlineData("2/1Gi", "static", "None",
        "Resize is infeasible for Guaranteed Pods alongside CPU Manager policy \"static\"")]
    [InlineData("1/2Gi", "static", "None", null)]
    [InlineData("1/2Gi", "static", "Static",
        "Resize is infeasible for Guaranteed Pods alongside Memory Manager policy \"Static\"")]
    [InlineData("2/1Gi", "none", "Static", null)]
    public void What_a_container_has_alone_does_not_change_while_its_pod_runs(
        string wanted, string cpu, string memory, string? problem)
    {
        var rules = new ResourceOptions { CpuPolicy = cpu, MemoryPolicy = memory };
        var burstable = Pod(wanted);
        burstable.Spec.Containers[0].Resources.Limits = null;

        var refusal = ResizeAdmission.CheckPinned(Pod(wanted), Pod("1/1Gi"), rules);

        Assert.Equal((problem is null ? null : "Infeasible", problem), (refusal?.Reason, refusal?.Message));
        Assert.Null(ResizeAdmission.CheckPinned(burstable, Pod("1/1Gi"), rules));
    }

    private static OrleansOrchestrator.NodeAgent.Pods.PodVerdict? Check(V1Pod pod, params V1Pod[] others) =>
        ResizeAdmission.Check(pod, others, Amounts("4/4Gi"), 4000, 4 * Gibibyte);
}
