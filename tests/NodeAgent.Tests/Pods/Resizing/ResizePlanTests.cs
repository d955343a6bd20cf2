using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Pods.Resizing;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Pods.Resizing.SizedPods;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods.Resizing;

public sealed class ResizePlanTests
{
    [Fact]
    public void A_container_that_has_what_it_was_given_is_left_alone()
    {
        var pod = Pod("100m/64Mi");

        Assert.True(Plan(pod, PodAmounts.Of(pod), Running("a")).IsEmpty);
    }

    [Fact]
    public void Running_containers_are_resized_and_others_are_not()
    {
        var plan = Plan(Pod("200m/64Mi 200m/64Mi"), PodAmounts.Of(Pod("100m/64Mi 100m/64Mi")), Running("a"));

        Assert.Equal(["a"], plan.Resize.Containers.Select(c => c.Container.Name));
        Assert.Equal(["b"], plan.Starts.Select(s => s.Container.Name));
        Assert.Empty(plan.Kills);
    }

    [Fact]
    public void A_container_that_takes_amounts_only_at_its_start_is_stopped_and_started_whatever_the_policy()
    {
        var pod = Pod("200m/64Mi");
        pod.Spec.RestartPolicy = "OnFailure";
        pod.Spec.Containers[0].ResizePolicy =
            [new V1ContainerResizePolicy { ResourceName = "cpu", RestartPolicy = "RestartContainer" }];

        var plan = Plan(pod, PodAmounts.Of(Pod("100m/64Mi")), Running("a"));

        Assert.Equal("Container a resize requires restart", Assert.Single(plan.Kills).Message);
        Assert.Equal(1, Assert.Single(plan.Starts).RestartCount);
        Assert.Empty(plan.Resize.Containers);
        Assert.True(plan.Resize.PodToo);
    }

    /// <summary>As upstream, which asks for the back-off of whatever it starts: by the newest that has ended.</summary>
    [Theory]
    [InlineData(5, false)]
    [InlineData(25, true)]
    public void A_restart_for_a_resize_has_the_back_off_of_the_end_before(int endedAgo, bool starts)
    {
        var pod = Pod("200m/64Mi");
        pod.Spec.Containers[0].ResizePolicy =
            [new V1ContainerResizePolicy { ResourceName = "cpu", RestartPolicy = "RestartContainer" }];
        var before = Running("a") with { Id = "before", State = ContainerState.ContainerExited };
        var input = Input(pod, PodAmounts.Of(Pod("100m/64Mi")), Running("a"), before);

        var plan = PodPlanner.Compute(input with
        {
            BackOffs = new Dictionary<string, BackOffEntry> { ["a"] = new(TimeSpan.FromSeconds(20), input.Now) },
            Ends = new Dictionary<string, SteadyTime> { ["before"] = input.Now - TimeSpan.FromSeconds(endedAgo) },
        });

        Assert.Single(plan.Kills);
        Assert.True(plan.Resize.PodToo);
        Assert.Equal(starts ? ["before"] : [], plan.Starts.Select(static s => s.Ended?.Id));
    }

    [Fact]
    public void Sidecars_are_resized_too()
    {
        var (old, pod) = (Pod("100m/64Mi"), Pod("100m/64Mi"));
        old.Spec.InitContainers =
            [new V1Container { Name = "side", RestartPolicy = "Always", Resources = Both("1/1Gi") }];
        pod.Spec.InitContainers =
            [new V1Container { Name = "side", RestartPolicy = "Always", Resources = Both("2/1Gi") }];

        var plan = Plan(pod, PodAmounts.Of(old), Running("side") with { Annotations = Hash("side", "") }, Running("a"));

        Assert.Equal(["side"], plan.Resize.Containers.Select(c => c.Container.Name));
    }

    [Fact]
    public void The_pods_own_amounts_change_its_group_and_the_containers_that_go_by_them()
    {
        var (old, pod) = (Pod("100m/64Mi -/-"), Pod("100m/64Mi -/-"));
        (old.Spec.Resources, pod.Spec.Resources) = (Both("1/1Gi"), Both("2/1Gi"));
        var actuated = PodAmounts.Of(old) with
        {
            Containers = old.Spec.Containers.ToDictionary(c => c.Name, c => PodResources.Effective(old, c)),
        };

        var plan = Plan(pod, actuated, Running("a"), Running("b"));

        Assert.True(plan.Resize.PodToo);
        Assert.Equal(["b"], plan.Resize.Containers.Select(c => c.Container.Name));
    }

    private static PodPlan Plan(V1Pod pod, PodAmounts actuated, params ContainerRecord[] records) =>
        PodPlanner.Compute(Input(pod, actuated, records));

    private static PodPlanInput Input(V1Pod pod, PodAmounts actuated, params ContainerRecord[] records) => new()
    {
        Pod = pod,
        Now = new SteadyTime(TimeSpan.FromDays(1)),
        Started = records.Select(r => r.Id).ToHashSet(),
        Actuated = actuated,
        Observed = new PodRuntimeState
        {
            Uid = pod.Metadata.Uid,
            Containers = [.. records.Select(
                r => r.Annotations.Count > 0 ? r : r with { Annotations = Hash(r.Name, Support.NodeHarness.Busybox) })],
            Sandboxes = [new SandboxRecord { Id = "s", Ready = true, Ips = ["10.0.0.1"] }],
        },
    };

    private static Dictionary<string, string> Hash(string name, string image) => new()
    {
        ["io.kubernetes.container.hash"] = PodFacts.Hash(
            new V1Container { Name = name, Image = image.Length > 0 ? image : null }),
    };
}
