using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

/// <summary>Pods that choose a way to be scheduled, all on the same nodes.</summary>
public sealed class ProfileTests
{
    private readonly ManualTime _time = new();

    /// <summary>One fills nodes up, the other spreads; each sees what the other has given away.</summary>
    [Fact]
    public void Pods_are_packed_or_spread_as_they_choose()
    {
        var core = Core(new SchedulerProfile
        {
            Name = "packed",
            ResourceScoring = new ResourceScoring { Strategy = ResourceStrategy.MostAllocated },
            Disabled = new HashSet<(SchedulingPoint, string)>
            {
                (SchedulingPoint.Score, "NodeResourcesBalancedAllocation"),
            },
        });
        AddNodes(core, "cpu=4,memory=8Gi,pods=10");
        var first = Decide(core, "first", "default-scheduler", "cpu=1,memory=2Gi");
        Assert.Equal(first == "a" ? "b" : "a", Decide(core, "spread", "default-scheduler", "cpu=1,memory=2Gi"));
        var third = Decide(core, "p1", "packed", "cpu=1,memory=2Gi")!;
        Assert.Equal(third, Decide(core, "p2", "packed", "cpu=1,memory=2Gi"));
        Assert.Equal(third, Decide(core, "p3", "packed", "cpu=1,memory=2Gi"));
        Assert.NotEqual(third, Decide(core, "p4", "packed", "cpu=1,memory=2Gi"));
        Add(core, "nobody's", "odd", "", "", 0, 0);
        Assert.Null(core.DecideNext());
    }

    [Fact]
    public void A_rule_that_is_off_keeps_nobody_away()
    {
        var core = Core(new SchedulerProfile
        {
            Name = "free",
            Disabled = new HashSet<(SchedulingPoint, string)> { (SchedulingPoint.Filter, "NodePorts") },
        });
        core.ApplyNode(ChangeKind.Added, new NodeSketch("a").Build());
        Assert.Equal("a", DecideOn(core, "first", "default-scheduler", "", hostPort: 80).NodeName);
        Assert.Null(DecideOn(core, "strict", "default-scheduler", "", hostPort: 80).NodeName);
        var loose = DecideOn(core, "loose", "free", "", hostPort: 80);
        Assert.Equal(("a", null), (loose.NodeName, loose.Message));
    }

    /// <summary>Pods of a DaemonSet are of one shape, and yet each is for another node.</summary>
    [Fact]
    public void Without_a_look_beforehand_each_pod_is_still_for_the_node_that_it_names()
    {
        var core = Core(new SchedulerProfile
        {
            Name = "slow",
            Disabled = new HashSet<(SchedulingPoint, string)> { (SchedulingPoint.PreFilter, "NodeAffinity") },
        });
        AddNodes(core, "cpu=4,memory=8Gi,pods=10");
        foreach (var (name, node) in new[] { ("first", "a"), ("second", "b"), ("third", "a") })
        {
            foreach (var scheduler in new[] { "slow", "default-scheduler" })
            {
                Assert.Equal(node, Decide(core, $"{scheduler}-{name}", scheduler, "", For(node)));
            }
        }

        Assert.Null(Decide(core, "nowhere", "slow", "", For("c")));

        static string For(string node) => $$$$"""
            "affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
            {"matchFields":[{"key":"metadata.name","operator":"In","values":["{{{{node}}}}"]}]}]}}}
            """;
    }

    [Theory]
    [InlineData("default-scheduler", "c")]
    [InlineData("heavy", "b")]
    public void What_weighs_more_decides(string scheduler, string node)
    {
        var core = Core(new SchedulerProfile
        {
            Name = "heavy", Weights = new Dictionary<string, int> { ["NodeResourcesFit"] = 20 },
        });
        core.ApplyNode(ChangeKind.Added, new NodeSketch("b") { Allocatable = "cpu=64,memory=64Gi,pods=110" }.Build());
        core.ApplyNode(ChangeKind.Added, new NodeSketch("c")
        {
            Allocatable = "cpu=1100m,memory=64Gi,pods=110", Labels = "disk=ssd",
        }.Build());
        const string prefers =
            """
            "affinity":{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,"preference":
            {"matchExpressions":[{"key":"disk","operator":"In","values":["ssd"]}]}}]}}
            """;
        Assert.Equal(node, Decide(core, "p", scheduler, "cpu=1,memory=32Gi", prefers));
    }

    [Fact]
    public void Without_preemption_nobody_goes_for_others()
    {
        var core = Core(new SchedulerProfile
        {
            Name = "polite",
            Disabled = new HashSet<(SchedulingPoint, string)> { (SchedulingPoint.PostFilter, "DefaultPreemption") },
        });
        core.ApplyNode(ChangeKind.Added, new NodeSketch("a") { Allocatable = "cpu=1,memory=1Gi,pods=10" }.Build());
        Assert.Equal("a", Decide(core, "low", "default-scheduler", "cpu=1"));
        var decision = DecideOn(core, "high", "polite", "cpu=1", priority: 1000);
        Assert.Null(decision.Preemption);
        Assert.Equal(
            "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate", decision.Message);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(10, 20)]
    [InlineData(40, 80)]
    [InlineData(70, 50)]
    [InlineData(100, 20)]
    [InlineData(130, 20)]
    public void A_function_of_what_is_used_is_a_line_between_its_points(int requested, int score)
    {
        var scoring = new ResourceScoring
        {
            Strategy = ResourceStrategy.RequestedToCapacityRatio, Shape = [(0, 0), (40, 80), (100, 20)],
        };
        Assert.Equal(score, scoring.Score(requested, 100));
    }

    [Theory]
    [InlineData(25, 75, 25)]
    [InlineData(100, 0, 100)]
    [InlineData(130, 0, 100)]
    public void The_emptiest_or_the_fullest_is_best(int requested, int least, int most)
    {
        Assert.Equal(least, ResourceScoring.Default.Score(requested, 100));
        Assert.Equal(
            most, new ResourceScoring { Strategy = ResourceStrategy.MostAllocated }.Score(requested, 100));
    }

    private SchedulerCore Core(SchedulerProfile other) =>
        new([new SchedulerProfile(), other], _time, new Random(1));

    private static void AddNodes(SchedulerCore core, string allocatable)
    {
        foreach (var name in new[] { "a", "b" })
        {
            core.ApplyNode(ChangeKind.Added, new NodeSketch(name) { Allocatable = allocatable }.Build());
        }
    }

    private static void Add(
        SchedulerCore core, string name, string scheduler, string requests, string spec, int priority, int hostPort)
    {
        core.ApplyPod(ChangeKind.Added, new PodSketch(name)
        {
            SchedulerName = scheduler, Requests = requests, Spec = spec, Priority = priority, HostPort = hostPort,
        }.Build());
        core.Tick();
    }

    private static string? Decide(
        SchedulerCore core, string name, string scheduler, string requests, string spec = "") =>
        DecideOn(core, name, scheduler, requests, spec).NodeName;

    private static SchedulingDecision DecideOn(
        SchedulerCore core, string name, string scheduler, string requests, string spec = "", int priority = 0,
        int hostPort = 0)
    {
        Add(core, name, scheduler, requests, spec, priority, hostPort);
        var decision = core.DecideNext()!;
        Assert.Equal(name, decision.Pod.Key.Name);
        return decision;
    }
}
