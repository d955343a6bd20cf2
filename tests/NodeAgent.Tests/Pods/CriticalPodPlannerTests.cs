using k8s.Models;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Pods;

public sealed class CriticalPodPlannerTests
{
    private const int Critical = 2_000_000_000;

    /// <summary>
    /// Others: <c>e</c> requests nothing, <c>b</c> is burstable, <c>g</c> guaranteed, each with so much of CPU and
    /// memory; what is missing of CPU, memory and places; who goes.
    /// </summary>
    [Theory]
    [InlineData("e b100 g100", 0, 0, 0, "")]
    [InlineData("e b100 g100", 100, 0, 0, "b100")]
    [InlineData("e b100 g100", 101, 0, 0, "g100 b100")]
    [InlineData("e b100 b300 g100", 90, 0, 0, "b100")]
    [InlineData("e b100 b300 g100", 290, 0, 0, "b300")]
    [InlineData("e b100 b300 g100", 390, 0, 0, "b300 b100")]
    [InlineData("e b100 b300 g100 g300", 500, 0, 0, "g100 b300 b100")]
    [InlineData("e b100 g100", 0, 0, 1, "e")]
    [InlineData("e b100 g100", 0, 0, 2, "b100 e")]
    [InlineData("e b100 g100", 50, 0, 1, "b100")]
    [InlineData("e b100 b300 g100", 50, 250, 0, "b300")]
    public void As_few_and_as_unimportant_ones_go_as_will_do(
        string others, long cpu, long memory, long places, string victims)
    {
        var plan = CriticalPodPlanner.Plan(
            Pod("critical", Critical), [.. others.Split(' ').Select(o => Pod(o, 0))], Missing(cpu, memory, places));

        Assert.Empty(plan.Missing);
        Assert.Equal(victims, string.Join(' ', plan.Victims.Select(v => v.Metadata.Name)));
    }

    [Fact]
    public void Who_is_critical_goes_for_a_higher_priority_only()
    {
        V1Pod[] others = [Pod("g100", Critical), Pod("b100", Critical + 1000)];

        Assert.Equal(
            "g100", Assert.Single(Plan(Critical + 1).Victims).Metadata.Name);
        var plan = Plan(Critical);
        Assert.Empty(plan.Victims);
        Assert.Equal(
            "preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: " +
            "[(res: cpu, q: 50), ]",
            plan.Problem);

        RoomPlan Plan(int priority) =>
            CriticalPodPlanner.Plan(Pod("critical", priority), others, Missing(50, 0, 0));
    }

    [Fact]
    public void All_that_is_missing_is_told_when_all_others_together_have_not_enough()
    {
        var plan = CriticalPodPlanner.Plan(
            Pod("critical", Critical), [Pod("b100", 0), Pod("g100", 0)], Missing(250, 100, 3));

        Assert.Equal([new MissingAmount("cpu", 50), new MissingAmount("pods", 1)], plan.Missing);
    }

    [Theory]
    [InlineData(null, null, 45)]
    [InlineData(60L, null, 90)]
    [InlineData(60L, 20L, 30)]
    [InlineData(4L, null, 10)]
    [InlineData(0L, null, 10)]
    public void Who_goes_is_waited_for_as_long_as_upstream_does(long? grace, long? deletion, int seconds)
    {
        var pod = Pod("e", 0);
        (pod.Spec.TerminationGracePeriodSeconds, pod.Metadata.DeletionGracePeriodSeconds) = (grace, deletion);

        Assert.Equal(TimeSpan.FromSeconds(seconds), CriticalPodPlanner.LongestEnding(pod));
    }

    private static MissingAmount[] Missing(long cpu, long memory, long places) =>
    [
        .. new[]
        {
            new MissingAmount("cpu", cpu), new MissingAmount("memory", memory), new MissingAmount("pods", places),
        }.Where(m => m.Amount > 0),
    ];

    /// <summary>Class and amount are read off the name.</summary>
    private static V1Pod Pod(string name, int priority)
    {
        var pod = TestPods.Pod(name, TestPods.Service("c"));
        pod.Spec.Priority = priority;
        if (name[0] is 'b' or 'g')
        {
            var amounts = new Dictionary<string, ResourceQuantity>
            {
                ["cpu"] = new($"{name[1..]}m"), ["memory"] = new(name[1..]),
            };
            pod.Spec.Containers[0].Resources = new V1ResourceRequirements
            {
                Requests = amounts, Limits = name[0] == 'g' ? amounts : null,
            };
        }

        return pod;
    }
}
