using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

/// <summary>What plugins are told changes what becomes of pods.</summary>
public sealed class PluginArgumentTests
{
    private readonly ManualTime _time = new();

    [Theory]
    [InlineData("example.com/a", "", true)]
    [InlineData("", "example.com", true)]
    [InlineData("example.com/b", "example.org", false)]
    [InlineData("cpu", "", false)]
    public void Ignored_resources_need_not_be_there(string names, string groups, bool fits)
    {
        var core = Core(new SchedulerProfile
        {
            IgnoredResources = new IgnoredResources(Set(names), Set(groups)),
        });
        AddNode(core, "a");
        var decision = Decide(core, new PodSketch("p") { Requests = "cpu=1,example.com/a=1" });
        Assert.Equal(fits ? "a" : null, decision.NodeName);
        Assert.Null(Decide(core, new PodSketch("large") { Requests = "cpu=64,example.com/a=1" }).NodeName);
    }

    [Fact]
    public void Added_affinity_holds_for_all_pods()
    {
        var core = Core(new SchedulerProfile { AddedRequired = new NodeSelection([], [Term("pool", "web")]) });
        AddNode(core, "a", "pool=batch");
        Assert.StartsWith(
            "0/1 nodes are available: 1 node(s) didn't match scheduler-enforced node affinity. ",
            Decide(core, new PodSketch("p")).Message,
            StringComparison.Ordinal);
        AddNode(core, "b", "pool=web");
        Assert.Equal("b", Decide(core, new PodSketch("q")).NodeName);
        const string elsewhere = """
            "nodeSelector":{"pool":"batch"}
            """;
        Assert.StartsWith(
            "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, "
            + "1 node(s) didn't match scheduler-enforced node affinity. ",
            Decide(core, new PodSketch("r") { Spec = elsewhere }).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Added_preferences_score_for_all_pods()
    {
        var core = Core(new SchedulerProfile { AddedPreferred = [new PreferredTerm(10, Term("pool", "web"))] });
        AddNode(core, "a");
        AddNode(core, "b", "pool=web");
        AddNode(core, "c");
        Assert.Equal("b", Decide(core, new PodSketch("p")).NodeName);
        Assert.Equal("b", Decide(core, new PodSketch("q")).NodeName);
    }

    /// <summary>
    /// Upstream's rule: who prefers no pods itself is then not scored by what others say, required or not.
    /// </summary>
    [Theory]
    [InlineData(false, "", "b")]
    [InlineData(true, "", "a")]
    [InlineData(true, "preferred", "b")]
    public void Preferences_of_others_can_be_ignored(bool ignores, string own, string node)
    {
        var core = Core(new SchedulerProfile { IgnoresPreferencesOfOthers = ignores });
        AddNode(core, "a", "kubernetes.io/hostname=a");
        AddNode(core, "b", "kubernetes.io/hostname=b");
        const string likes =
            """
            "affinity":{"podAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":100,
            "podAffinityTerm":{"topologyKey":"kubernetes.io/hostname","labelSelector":{}}}]}}
            """;
        core.ApplyPod(ChangeKind.Added, new PodSketch("fan")
        {
            NodeName = "b", Requests = "cpu=1,memory=1Gi", Spec = likes,
        }.Build());
        var spec = own.Length == 0 ? "" : likes.Replace(
            "labelSelector\":{}", "labelSelector\":{\"matchLabels\":{\"x\":\"y\"}}", StringComparison.Ordinal);
        Assert.Equal(node, Decide(core, new PodSketch("p") { Requests = "cpu=1,memory=1Gi", Spec = spec }).NodeName);
    }

    /// <summary>
    /// Pods of one Service, in two zones: hard constraints of the profile hold for them, and for no others.
    /// </summary>
    [Fact]
    public void Default_constraints_hold_for_pods_of_services()
    {
        var core = Core(new SchedulerProfile { DefaultSpread = [Spread("topology.kubernetes.io/zone", isHard: true)] });
        AddNode(core, "a", "topology.kubernetes.io/zone=a");
        core.ApplyNode(ChangeKind.Added, new NodeSketch("b")
        {
            Labels = "topology.kubernetes.io/zone=b", Unschedulable = true,
        }.Build());
        core.Apply(WellKnown.Services, ChangeKind.Added, SchedulingObjects.Object(
            new ObjectKey("default", "web"), "web", 1,
            """{"metadata":{"name":"web","namespace":"default"},"spec":{"selector":{"app":"web"}}}"""));
        Assert.Equal("a", Decide(core, Web("web1")).NodeName);
        Assert.Contains(
            "1 node(s) didn't match pod topology spread constraints", Decide(core, Web("web2")).Message,
            StringComparison.Ordinal);
        Assert.Equal("a", Decide(core, new PodSketch("alone")).NodeName);
        Assert.Equal("a", Decide(core, new PodSketch("alone2")).NodeName);

        static PodSketch Web(string name) => new(name) { Metadata = "\"labels\":{\"app\":\"web\"}" };
    }

    /// <summary>With an empty list nothing is spread: then pods of a Service go where most is free.</summary>
    [Theory]
    [InlineData(false, "b")]
    [InlineData(true, "a")]
    public void Without_default_constraints_nothing_is_spread(bool hasNone, string node)
    {
        var core = Core(new SchedulerProfile { DefaultSpread = hasNone ? [] : null });
        core.ApplyNode(ChangeKind.Added, new NodeSketch("a")
        {
            Allocatable = "cpu=64,memory=64Gi,pods=10", Labels = "kubernetes.io/hostname=a",
        }.Build());
        core.ApplyNode(ChangeKind.Added, new NodeSketch("b")
        {
            Allocatable = "cpu=2,memory=2Gi,pods=10", Labels = "kubernetes.io/hostname=b",
        }.Build());
        core.Apply(WellKnown.Services, ChangeKind.Added, SchedulingObjects.Object(
            new ObjectKey("default", "web"), "web", 1,
            """{"metadata":{"name":"web","namespace":"default"},"spec":{"selector":{"app":"web"}}}"""));
        const string labels = "\"labels\":{\"app\":\"web\"}";
        core.ApplyPod(ChangeKind.Added, new PodSketch("first") { NodeName = "a", Metadata = labels }.Build());
        var second = new PodSketch("second") { Metadata = labels, Requests = "cpu=500m,memory=512Mi" };
        Assert.Equal(node, Decide(core, second).NodeName);
    }

    // Upstream's calculateNumCandidates.
    [Theory]
    [InlineData(10, 100, 1000, 100)]
    [InlineData(10, 100, 2000, 200)]
    [InlineData(10, 100, 50, 50)]
    [InlineData(0, 5, 1000, 5)]
    [InlineData(100, 0, 1000, 1000)]
    public void So_many_candidates_are_enough(int percentage, int absolute, int nodes, int enough) =>
        Assert.Equal(enough, new PreemptionLimits(percentage, absolute).Of(nodes));

    /// <summary>With one candidate enough, the cheapest of all is not looked for.</summary>
    [Fact]
    public void Few_candidates_are_enough_for_who_says_so()
    {
        var chosen = Enumerable.Range(1, 20).Select(seed => Preempt(seed, new PreemptionLimits(0, 1))).ToHashSet();
        Assert.True(chosen.Count > 1);
        Assert.Equal(["n0"], Enumerable.Range(1, 20).Select(seed => Preempt(seed, new PreemptionLimits())).ToHashSet());
    }

    [Theory]
    [InlineData(1, 10, "1,2,4,8,10,10")]
    [InlineData(3, 10, "3,6,10,10")]
    [InlineData(5, 5, "5,5")]
    public void Backoff_doubles_up_to_its_limit(int initial, int max, string seconds)
    {
        var backoff = new SchedulingBackoff
        {
            Initial = TimeSpan.FromSeconds(initial), Max = TimeSpan.FromSeconds(max),
        };
        Assert.Equal(
            seconds.Split(',').Select(s => TimeSpan.FromSeconds(int.Parse(s, null))),
            Enumerable.Range(1, seconds.Split(',').Length).Select(backoff.After));
    }

    [Fact]
    public void A_failed_binding_waits_as_long_as_the_configuration_says()
    {
        var core = new SchedulerCore([new SchedulerProfile()], _time, new Random(1))
        {
            Backoff = new SchedulingBackoff { Initial = TimeSpan.FromSeconds(7), Max = TimeSpan.FromSeconds(7) },
        };
        AddNode(core, "a");
        core.BindingFailed(Decide(core, new PodSketch("p")).Pod);
        _time.Advance(TimeSpan.FromSeconds(5));
        core.Tick();
        Assert.Null(core.DecideNext());
        _time.Advance(TimeSpan.FromSeconds(3));
        core.Tick();
        Assert.Equal("a", core.DecideNext()!.NodeName);
    }

    private string Preempt(int seed, PreemptionLimits limits)
    {
        var core = new SchedulerCore([new SchedulerProfile { Preemption = limits }], _time, new Random(seed));
        for (var i = 0; i < 8; i++)
        {
            AddNode(core, $"n{i}");
            core.ApplyPod(ChangeKind.Added, new PodSketch($"p{i}")
            {
                NodeName = $"n{i}", Requests = "cpu=4", Priority = i,
            }.Build());
        }

        return Decide(core, new PodSketch("p") { Requests = "cpu=4", Priority = 100 }).Nomination!;
    }

    private SchedulerCore Core(SchedulerProfile profile) => new([profile], _time, new Random(1));

    private static void AddNode(SchedulerCore core, string name, string labels = "") =>
        core.ApplyNode(ChangeKind.Added, new NodeSketch(name) { Labels = labels }.Build());

    private static NodeSelectorTerm Term(string key, string value) =>
        new([new NodeRequirement(key, NodeOperator.In, [value])], []);

    private static SpreadConstraint Spread(string key, bool isHard) => new()
    {
        TopologyKey = key, Selector = LabelSelector.Nothing, MaxSkew = 1, MinDomains = 1, IsHard = isHard,
        HonorsAffinity = true, HonorsTaints = false,
    };

    private static HashSet<string> Set(string text) => [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries)];

    private static SchedulingDecision Decide(SchedulerCore core, PodSketch sketch)
    {
        core.ApplyPod(ChangeKind.Added, sketch.Build());
        core.Tick();
        var decision = core.DecideNext()!;
        Assert.Equal(sketch.Name, decision.Pod.Key.Name);
        return decision;
    }
}
