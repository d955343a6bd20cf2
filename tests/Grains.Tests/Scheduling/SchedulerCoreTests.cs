using CsCheck;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

public sealed class SchedulerCoreTests
{
    private readonly ManualTime _time = new();
    private readonly SchedulerCore _core;
    private long _revision;

    public SchedulerCoreTests() => _core = new SchedulerCore("default-scheduler", _time, new Random(1));

    [Fact]
    public void AgreesWithANaiveModel() => Gen.Int.Check(
        seed =>
        {
            var world = new SchedulerWorld(seed);
            for (var i = 0; i < 80; i++)
            {
                world.Step();
            }

            world.SettleAndCheck();
        },
        cases: 200);

    [Fact]
    public void HigherPriorityGoesFirstThenOlder()
    {
        AddNode(new NodeSketch("n"));
        AddPod(new PodSketch("old"));
        _time.Advance(TimeSpan.FromSeconds(1));
        AddPod(new PodSketch("young"));
        AddPod(new PodSketch("high") { Priority = 10 });
        Assert.Equal(["high", "old", "young"], DecideAll().Select(d => d.Pod.Key.Name));
    }

    [Fact]
    public void AnAssumedPodTakesItsPlaceAtOnceAndGivesItBackWhenBindingFails()
    {
        AddNode(new NodeSketch("n") { Allocatable = "cpu=1,memory=1Gi,pods=10" });
        AddPod(new PodSketch("a") { Requests = "cpu=1" });
        AddPod(new PodSketch("b") { Requests = "cpu=1" });
        var decisions = DecideAll();
        Assert.Equal("n", decisions[0].NodeName);
        Assert.Null(decisions[1].NodeName);
        _core.BindingFailed(decisions[0].Pod);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal("b", Assert.Single(DecideAll()).Pod.Key.Name);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("a", Assert.Single(DecideAll()).Pod.Key.Name);
    }

    [Fact]
    public void AnAssignmentNeverSeenIsAskedAbout()
    {
        AddNode(new NodeSketch("n"));
        AddPod(new PodSketch("a"));
        var decision = Assert.Single(DecideAll());
        Assert.Empty(_core.TakeDoubtful());
        _core.BindingSucceeded(decision.Pod);
        _time.Advance(SchedulerCore.AssumedExpiry);
        Assert.Equal("a", Assert.Single(_core.TakeDoubtful()).Key.Name);
        Assert.Empty(_core.TakeDoubtful());
        AddPod(new PodSketch("a") { NodeName = "n" });
        Assert.Equal(0, _core.AssumedCount);
    }

    [Fact]
    public void OnlyChangesThatMayHelpWakeAPod()
    {
        AddNode(new NodeSketch("n") { Allocatable = "cpu=1,memory=1Gi,pods=10" });
        AddPod(new PodSketch("full") { Requests = "cpu=1", NodeName = "n" });
        AddPod(new PodSketch("a") { Requests = "cpu=1" });
        Assert.Null(Assert.Single(DecideAll()).NodeName);
        AddNode(new NodeSketch("tiny") { Allocatable = "cpu=100m,memory=1Gi,pods=10" });
        Assert.Empty(DecideAll());
        AddNode(new NodeSketch("large"));
        Assert.Equal("large", Assert.Single(DecideAll()).NodeName);
    }

    [Fact]
    public void ADeletedPodMakesRoom()
    {
        AddNode(new NodeSketch("n") { Allocatable = "cpu=1,memory=1Gi,pods=10" });
        var full = new PodSketch("full") { Requests = "cpu=1", NodeName = "n" };
        AddPod(full);
        AddPod(new PodSketch("a") { Requests = "cpu=1" });
        DecideAll();
        _core.ApplyPod(ChangeKind.Modified, (full with { Status = "{\"phase\":\"Succeeded\"}" }).Build(++_revision));
        Assert.Equal("n", Assert.Single(DecideAll()).NodeName);
    }

    [Fact]
    public void APodThatLeavesWakesOnlyWhoFitsInItsPlace()
    {
        AddNode(new NodeSketch("n") { Allocatable = "cpu=1,memory=1Gi,pods=10" });
        var there = new PodSketch("there") { Requests = "cpu=500m", NodeName = "n" };
        AddPod(there);
        AddPod(there with { Name = "also" });
        AddPod(new PodSketch("small") { Requests = "cpu=500m" });
        AddPod(new PodSketch("large") { Requests = "cpu=1" });
        Assert.Equal(2, DecideAll().Count);
        _core.ApplyPod(ChangeKind.Deleted, there.Build(++_revision));
        Assert.Equal("small", Assert.Single(DecideAll()).Pod.Key.Name);
    }

    /// <summary>Its zone, which had no pod and no room for one, held the others back.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ANodeThatGoesWakesWhoeverIsSpreadOverIt(bool isSeen)
    {
        AddNode(new NodeSketch("n") { Labels = "zone=a" });
        AddNode(new NodeSketch("tiny") { Labels = "zone=b", Allocatable = "cpu=100m,memory=1Gi,pods=10" });
        var there = new PodSketch("there")
        {
            Requests = "cpu=1",
            NodeName = "n",
            Metadata = """ "labels":{"app":"x"} """,
            Spec = """
                "topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule",
                "labelSelector":{"matchLabels":{"app":"x"}}}]
                """,
        };
        AddPod(there);
        AddPod(there with { Name = "waits", NodeName = "" });
        Assert.Null(Assert.Single(DecideAll()).NodeName);
        if (isSeen)
        {
            _core.ApplyNode(ChangeKind.Deleted, new NodeSketch("tiny").Build(++_revision));
        }
        else
        {
            _core.KeepOnly(WellKnown.Nodes, new HashSet<ObjectKey> { new("", "n") });
        }

        Assert.Equal("n", Assert.Single(DecideAll()).NodeName);
    }

    [Fact]
    public void ANodeThatGoesWakesWhoeverRoomWasMadeForThere()
    {
        AddNode(new NodeSketch("n") { Allocatable = "cpu=1,memory=1Gi,pods=10" });
        AddPod(new PodSketch("victim")
        {
            Requests = "cpu=1",
            NodeName = "n",
            Metadata = """ "deletionTimestamp":"2026-01-02T03:04:05Z" """,
            Status = """
                {"phase":"Running",
                "conditions":[{"type":"DisruptionTarget","status":"True","reason":"PreemptionByScheduler"}]}
                """,
        });
        AddPod(new PodSketch("urgent")
        {
            Requests = "cpu=1", Priority = 10, Status = """{"nominatedNodeName":"n"}""",
        });
        Assert.Null(Assert.Single(DecideAll()).NodeName);
        Assert.Empty(DecideAll());
        _core.ApplyNode(ChangeKind.Deleted, new NodeSketch("n").Build(++_revision));
        Assert.Single(DecideAll());
    }

    [Fact]
    public void PodsOfADaemonSetGoWhereTheyAreFor()
    {
        AddNode(new NodeSketch("a"));
        AddNode(new NodeSketch("b"));
        foreach (var (name, node) in new[] { ("p", "b"), ("q", "a"), ("r", "b") })
        {
            // Where somebody else wants it does not matter.
            AddPod(new PodSketch(name)
            {
                Status = """{"nominatedNodeName":"a"}""",
                Spec = $$$$"""
                    "affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
                    {"matchFields":[{"key":"metadata.name","operator":"In","values":["{{{{node}}}}"]}]}]}}}
                    """,
            });
        }

        Assert.Equal(["b", "a", "b"], DecideAll().OrderBy(d => d.Pod.Key.Name).Select(d => d.NodeName));
    }

    [Fact]
    public void GatedPodsWaitForTheirGates()
    {
        AddNode(new NodeSketch("n"));
        AddPod(new PodSketch("a") { Spec = "\"schedulingGates\":[{\"name\":\"g\"}]" });
        Assert.Empty(DecideAll());
        AddPod(new PodSketch("a") { Spec = "\"schedulingGates\":[]" });
        Assert.Single(DecideAll());
    }

    [Fact]
    public void OtherSchedulersPodsAreLeftAloneButCount()
    {
        AddNode(new NodeSketch("n") { Allocatable = "cpu=1,memory=1Gi,pods=1" });
        AddPod(new PodSketch("other") { SchedulerName = "mine" });
        Assert.Empty(DecideAll());
        AddPod(new PodSketch("other") { SchedulerName = "mine", NodeName = "n" });
        AddPod(new PodSketch("a"));
        Assert.Null(Assert.Single(DecideAll()).NodeName);
    }

    [Fact]
    public void APodMadeAnewUnderItsNameIsAnotherPod()
    {
        AddNode(new NodeSketch("n"));
        AddPod(new PodSketch("a"));
        var first = Assert.Single(DecideAll());
        AddPod(new PodSketch("a") { Uid = "second" });
        _core.BindingSucceeded(first.Pod);
        Assert.Equal("second", Assert.Single(DecideAll()).Pod.Uid);
        Assert.Equal(1, _core.Nodes.Find("n")!.PodCount);
    }

    [Fact]
    public void AfterAGapWhatIsGoneIsForgotten()
    {
        AddNode(new NodeSketch("n"));
        AddNode(new NodeSketch("m"));
        AddPod(new PodSketch("a") { NodeName = "n" });
        AddPod(new PodSketch("b") { NodeName = "n" });
        _core.KeepOnly(WellKnown.Pods, new HashSet<ObjectKey> { new("default", "b") });
        _core.KeepOnly(WellKnown.Nodes, new HashSet<ObjectKey> { new("", "n") });
        Assert.Equal(1, _core.Nodes.Find("n")!.PodCount);
        Assert.Null(_core.Nodes.Find("m"));
    }

    [Fact]
    public void EqualNodesShareThePods()
    {
        for (var i = 0; i < 10; i++)
        {
            AddNode(new NodeSketch(SchedulingObjects.Numbered("n", i)));
        }

        for (var i = 0; i < 100; i++)
        {
            AddPod(new PodSketch(SchedulingObjects.Numbered("p", i)));
        }

        DecideAll();
        Assert.All(_core.Nodes.Order, node => Assert.Equal(10, node.PodCount));
    }

    [Fact]
    public void SoftTaintsAndPreferredTermsOutweighFreeRoom()
    {
        AddNode(new NodeSketch("soft") { Taints = "a=b:PreferNoSchedule" });
        AddNode(new NodeSketch("busy"));
        AddPod(new PodSketch("there") { Requests = "cpu=3,memory=6Gi", NodeName = "busy" });
        AddPod(new PodSketch("a"));
        Assert.Equal("busy", Assert.Single(DecideAll()).NodeName);
    }

    [Theory]
    [InlineData(10, 0, 10)]
    [InlineData(99, 0, 99)]
    [InlineData(100, 0, 100)]
    [InlineData(1000, 0, 420)]
    [InlineData(5000, 0, 500)]
    [InlineData(10000, 0, 500)]
    [InlineData(1000, 40, 400)]
    [InlineData(200, 10, 100)]
    public void SearchEndsWithEnoughNodes(int nodes, int percentage, int wanted) =>
        Assert.Equal(wanted, NodePicker.FeasibleNodesToFind(nodes, percentage));

    private void AddNode(NodeSketch node) => _core.ApplyNode(ChangeKind.Added, node.Build(++_revision));

    private void AddPod(PodSketch pod) => _core.ApplyPod(ChangeKind.Added, pod.Build(++_revision));

    private List<SchedulingDecision> DecideAll()
    {
        _core.Tick();
        var result = new List<SchedulingDecision>();
        while (_core.DecideNext() is { } decision)
        {
            result.Add(decision);
        }

        return result;
    }
}
