using k8s.Models;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Pods.Resizing;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Pods.Resizing.SizedPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods.Resizing;

public sealed class ResizeConditionsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void A_resize_waits_is_done_and_leaves_no_condition()
    {
        var conditions = new ResizeConditions();

        Assert.True(conditions.SetPending("Deferred", "no room", 2, Now));
        Assert.False(conditions.SetPending("Deferred", "no room", 2, Now.AddMinutes(1)));
        Assert.True(conditions.SetPending("Deferred", "still no room", 2, Now.AddMinutes(2)));
        Assert.Equal(Now.UtcDateTime, conditions.PendingSince);
        var pending = Assert.Single(conditions.Current);
        Assert.Equal(("PodResizePending", "True", "Deferred", "still no room", 2L),
            (pending.Type, pending.Status, pending.Reason, pending.Message, pending.ObservedGeneration));
        conditions.Start(2, Now);
        Assert.Equal(("PodResizeInProgress", null, 2L), Shown(conditions));
        conditions.Continue(3, Now);
        Assert.Equal(2, conditions.Complete());
        Assert.Empty(conditions.Current);
        Assert.Null(conditions.Complete());
    }

    [Fact]
    public void An_error_stays_until_it_is_mended_and_keeps_its_generation()
    {
        var conditions = new ResizeConditions();
        conditions.Start(2, Now);

        Assert.Equal(2, conditions.Fail("in use", 3, Now));
        Assert.Null(conditions.Fail("in use", 3, Now));
        conditions.Continue(3, Now);
        Assert.Equal(("PodResizeInProgress", "Error", 2L), Shown(conditions));
        conditions.Start(3, Now);
        Assert.Equal(("PodResizeInProgress", null, 3L), Shown(conditions));
    }

    [Fact]
    public void The_next_agent_goes_on_with_what_was_reported()
    {
        var before = new ResizeConditions();
        before.SetPending("Deferred", "no room", 2, Now);

        var after = ResizeConditions.From(new V1PodStatus { Conditions = [.. before.Current] });

        Assert.Equal(Now.UtcDateTime, after.PendingSince);
        Assert.False(after.SetPending("Deferred", "no room", 2, Now.AddHours(1)));
    }

    [Fact]
    public void Conditions_that_are_over_are_taken_out_of_the_status()
    {
        var conditions = new ResizeConditions();
        conditions.Start(2, Now);
        var before = new V1PodStatus { Conditions = [.. conditions.Current,
            new V1PodCondition { Type = "example.com/other", Status = "True" }] };

        var patch = StatusPatch.Compute(before, new V1PodStatus { Conditions = [] }, "u");

        Assert.Equal(
            """{"metadata":{"uid":"u"},"status":{"conditions":[{"$patch":"delete","type":"PodResizeInProgress"}]}}""", patch);
    }

    [Fact]
    public void Events_carry_the_amounts()
    {
        var pod = Pod("100m/100 100m/100");
        pod.Spec.Containers[0].Resources = Of("100m/-", "200m/-");
        pod.Spec.Containers[1].Resources = new V1ResourceRequirements();
        pod.Spec.InitContainers =
        [
            new V1Container { Name = "side", RestartPolicy = "Always", Resources = Of("-/100", "-/200") },
            new V1Container { Name = "init", Resources = Both("1/1") },
        ];
        const string amounts =
            """{"initContainers":[{"name":"side","resources":{"limits":{"memory":"200"},"requests":{"memory":"100"}}}],"containers":[{"name":"a","resources":{"limits":{"cpu":"200m"},"requests":{"cpu":"100m"}}},{"name":"b","resources":{}}],"generation":2""";

        Assert.Equal($"Pod resize started: {amounts}}}", ResizeMessages.Started(pod, 2));
        Assert.Equal($"Pod resize completed: {amounts}}}", ResizeMessages.Completed(pod, 2));
        Assert.Equal(
            $"Pod resize error: {amounts},\"error\":\"no \\\"x\\\"\"}}", ResizeMessages.Failed(pod, 2, "no \"x\""));
        Assert.Equal(
            $"Pod resize Deferred: {amounts},\"error\":\"full\"}}", ResizeMessages.Pending(pod, 2, "Deferred", "full"));
    }

    private static (string, string?, long?) Shown(ResizeConditions conditions)
    {
        var only = Assert.Single(conditions.Current);
        return (only.Type, only.Reason, only.ObservedGeneration);
    }
}
