using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

/// <summary>Whom a change of a node has tried again: rows of upstream's <c>CoreResourceEnqueueTestCases</c>.</summary>
public sealed class QueueingHintTests
{
    private const string ToleratesA = """ "tolerations":[{"key":"a","operator":"Exists"}] """;
    private const string InB = """ "nodeSelector":{"group":"b"} """;

    private static readonly NodeSketch Small = new("n1") { Allocatable = "cpu=2,memory=1Gi,pods=2" };
    private static readonly NodeSketch InZone = new("n1") { Labels = "zone=z,other=o,host=n1" };

    private static readonly NodeSketch InGroup = Small with { Labels = "group=b" };

    /// <summary>That node, with something that keeps away whoever wants to be in the group.</summary>
    private static readonly Dictionary<string, NodeSketch> Away = new()
    {
        ["cordoned"] = InGroup with { Unschedulable = true },
        ["tainted"] = InGroup with { Taints = "a=:NoSchedule" },
        ["out of the group"] = InGroup with { Labels = "group=a" },
    };

    private static readonly PodSketch There = new("there")
    {
        NodeName = "n1", Metadata = """ "labels":{"app":"x"} """,
    };

    private static readonly Dictionary<string, Row> Rows = new()
    {
        ["more of what a pod wants helps where it is tolerated"] = new(
            [Small with { Taints = "a=:NoSchedule" }],
            [Pod("p1", "cpu=4"), Pod("p2", "cpu=4", ToleratesA)],
            Small with { Taints = "a=:NoSchedule", Allocatable = "cpu=4,memory=1Gi,pods=2" },
            "p2"),
        ["another label that is wanted helps"] = new(
            [Small with { Labels = "group=a" }],
            [Pod("p1", "", InB), Pod("p2", "", """ "nodeSelector":{"group":"c"} """)],
            Small with { Labels = "group=b" },
            "p1"),
        ["a label that nobody wants helps nobody"] = new(
            [Small with { Labels = "group=b" }, new("n2")],
            [Pod("p1", "cpu=3", InB)],
            Small with { Labels = "group=b,more=x" },
            ""),
        ["a node that comes helps whom it suits"] = new(
            [Small with { Labels = "group=a" }],
            [Pod("p1", "", InB), Pod("p2", "", """ "nodeSelector":{"group":"c"} """)],
            new("n2") { Labels = "group=b" },
            "p1"),
        ["another taint helps whoever tolerates it"] = new(
            [Small with { Taints = "b=:NoSchedule" }],
            [Pod("p1", "", ToleratesA), Pod("p2")],
            Small with { Taints = "a=:NoSchedule" },
            "p1"),
        ["a taint that keeps nobody away helps nobody"] = new(
            [Small, new("n2") { Taints = "a=:NoSchedule" }],
            [Pod("p1", "cpu=3")],
            Small with { Taints = "a=:PreferNoSchedule" },
            ""),
        ["more of something else helps nobody"] = new(
            [new("n1"), Small with { Name = "n2", Labels = "group=b" }],
            [Pod("p1", "cpu=3", InB)],
            new("n1") { Allocatable = "cpu=4,memory=9Gi,pods=110" },
            ""),
        ["more of what a pod wants is tried wherever it is"] = new(
            [new("n1"), Small with { Name = "n2", Labels = "group=b" }],
            [Pod("p1", "cpu=3", InB)],
            new("n1") { Allocatable = "cpu=5,memory=8Gi,pods=110" },
            "p1"),
        ["more pods are for everybody"] = new(
            [Small with { Allocatable = "cpu=2,memory=1Gi,pods=0" }], [Pod("p1")], Small, "p1"),
        ["a node that is uncordoned helps"] = new(
            [Small with { Unschedulable = true }], [Pod("p1")], Small, "p1"),
        ["a cordoned node that comes does not"] = new(
            [Small with { Unschedulable = true }], [Pod("p1")], new("n2") { Unschedulable = true }, ""),
        ["a node that comes into a domain helps whoever is spread over those"] = new(
            [InZone], [There, Spread("p1", "zone"), Spread("p2", "rack")], new("n2") { Labels = "zone=y" }, "p1"),
        ["a node in a domain that has other labels or taints helps whoever is spread over those"] = new(
            [InZone], [There, Spread("p1", "zone"), Spread("p2", "rack")], InZone with { Labels = "zone=y" }, "p1"),
        ["a node that leaves a domain helps whoever is spread over those"] = new(
            [InZone], [There, Spread("p1", "zone"), Spread("p2", "rack")], InZone with { Labels = "other=o" }, "p1"),
        ["other taints in a domain help whoever is spread over those"] = new(
            [InZone],
            [There, Spread("p1", "zone"), Spread("p2", "rack")],
            InZone with { Taints = "a=:PreferNoSchedule" },
            "p1"),
        ["a node in a domain that is cordoned helps nobody"] = new(
            [InZone], [There, Spread("p1", "zone")], InZone with { Unschedulable = true }, ""),
        ["what a node in a domain has matters to nobody who is spread"] = new(
            [InZone],
            [There, Spread("p1", "zone")],
            InZone with { Allocatable = "cpu=9,memory=9Gi,pods=110" },
            ""),
        ["other labels of a node help whoever wants to be near somebody"] = new(
            [InZone], [Near("p1")], InZone with { Labels = "zone=y" }, "p1"),
        ["other taints of a node do not"] = new(
            [InZone], [Near("p1")], InZone with { Taints = "a=:PreferNoSchedule" }, ""),
        ["a feature that a node declares helps"] = new(
            [InZone],
            [new PodSketch("p1")
            {
                Spec = """
                    "initContainers":[{"name":"i","image":"i","restartPolicy":"Always","restartPolicyRules":
                    [{"action":"RestartAllContainers","exitCodes":{"operator":"In","values":[1]}}]}]
                    """,
            }],
            InZone with { Status = """ "declaredFeatures":["RestartAllContainersOnContainerExits"] """ },
            "p1"),
        ["more of what a pod wants, and then another label, help whoever wants either"] = new(
            [Small with { Labels = "group=a" }],
            [Pod("p1", "cpu=4"), Pod("p2", "", InB)],
            Small with { Labels = "group=b", Allocatable = "cpu=4,memory=1Gi,pods=2" },
            "p1 p2")
        {
            First =
            [
                (ChangeKind.Modified, Small with { Labels = "group=a", Allocatable = "cpu=4,memory=1Gi,pods=2" }),
            ],
        },
        ["a taint that came and went helps nobody"] = new(
            [Small, new("n2") { Taints = "a=:NoSchedule" }], [Pod("p1", "cpu=3")], Small, "")
        {
            First = [(ChangeKind.Modified, Small with { Taints = "a=:NoSchedule" })],
        },
        ["a node that changes once it has come helps as one that came"] = new(
            [Small with { Labels = "group=a" }],
            [Pod("p1", "", InB)],
            new("n2") { Labels = "group=b", Allocatable = "cpu=9,memory=9Gi,pods=9" },
            "p1")
        {
            First = [(ChangeKind.Added, new("n2") { Labels = "group=b" })],
        },
        ["a node that changes, goes and comes again helps as one that came"] = new(
            [Small with { Labels = "group=b" }, new("n2")],
            [There, Pod("p1", "cpu=3", InB)],
            Small with { Labels = "group=b" },
            "p1")
        {
            First =
            [
                (ChangeKind.Modified, Small with { Labels = "group=b,more=x" }),
                (ChangeKind.Deleted, Small with { Labels = "group=b,more=x" }),
            ],
        },
        ["a node that comes again outside of its domain helps whoever is spread over those"] = new(
            [InZone], [There, Spread("p1", "zone"), Spread("p2", "rack")], InZone with { Labels = "other=o" }, "p1")
        {
            First = [(ChangeKind.Deleted, InZone)],
        },
    };

    private readonly SchedulerCore _core = new("default-scheduler", new ManualTime(), new Random(1));
    private long _revision;

    public static TheoryData<string> Names => [.. Rows.Keys];

    public static TheoryData<string> NamesAway => [.. Away.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_change_of_a_node_has_those_tried_again_whom_it_may_help(string name)
    {
        var row = Rows[name];
        foreach (var node in row.Nodes)
        {
            _core.ApplyNode(ChangeKind.Added, node.Build(++_revision));
        }

        foreach (var pod in row.Pods)
        {
            _core.ApplyPod(ChangeKind.Added, pod.Build(++_revision));
        }

        Assert.All(Tried(), static d => Assert.Null(d.NodeName));
        foreach (var (kind, node) in row.First)
        {
            _core.ApplyNode(kind, node.Build(++_revision));
        }

        _core.ApplyNode(ChangeKind.Modified, row.Change.Build(++_revision));
        Assert.Equal(row.Tried, string.Join(' ', Tried().Select(static d => d.Pod.Key.Name).Order()));
    }

    /// <summary>A node that is in no domain may go without anybody being tried again.</summary>
    [Theory]
    [InlineData("zone", "p1")]
    [InlineData("rack", "")]
    public void A_node_that_goes_has_those_tried_again_who_are_spread_over_it(string key, string tried)
    {
        _core.ApplyNode(ChangeKind.Added, InZone.Build(++_revision));
        _core.ApplyPod(ChangeKind.Added, There.Build(++_revision));
        _core.ApplyPod(ChangeKind.Added, Spread("p1", key).Build(++_revision));
        Assert.Null(Assert.Single(Tried()).NodeName);
        _core.ApplyNode(ChangeKind.Deleted, InZone.Build(++_revision));
        Assert.Equal(tried, string.Join(' ', Tried().Select(static d => d.Pod.Key.Name)));
    }

    /// <summary>That nobody is told of it does not mean that it is not seen.</summary>
    [Fact]
    public void Nobody_comes_onto_a_node_that_was_cordoned()
    {
        _core.ApplyNode(ChangeKind.Added, Small.Build(++_revision));
        _core.ApplyPod(ChangeKind.Added, Pod("p1").Build(++_revision));
        Assert.Equal("n1", Assert.Single(Tried()).NodeName);
        _core.ApplyNode(ChangeKind.Modified, (Small with { Unschedulable = true }).Build(++_revision));
        _core.ApplyPod(ChangeKind.Added, Pod("p2").Build(++_revision));
        Assert.Null(Assert.Single(Tried()).NodeName);
    }

    /// <summary>What holds the pod back is room that is kept for another, of which there is more now.</summary>
    [Fact]
    public void More_room_helps_although_the_node_had_enough_but_for_nominated_pods()
    {
        _core.ApplyNode(ChangeKind.Added, Small.Build(++_revision));
        _core.ApplyPod(ChangeKind.Added, new PodSketch("gated")
        {
            Requests = "cpu=2",
            Priority = 10,
            Spec = """ "schedulingGates":[{"name":"g"}] """,
            Status = """{"nominatedNodeName":"n1"}""",
        }.Build(++_revision));
        _core.ApplyPod(ChangeKind.Added, Pod("p1", "cpu=2").Build(++_revision));
        Assert.Null(Assert.Single(Tried()).NodeName);
        _core.ApplyNode(
            ChangeKind.Modified, (Small with { Allocatable = "cpu=4,memory=1Gi,pods=2" }).Build(++_revision));
        Assert.Equal("n1", Assert.Single(Tried()).NodeName);
    }

    /// <summary>
    /// What the pod waited for came while something else kept it away: now it waits for the end of that.
    /// </summary>
    [Theory]
    [MemberData(nameof(NamesAway))]
    public void Room_that_came_while_something_else_kept_the_pod_away_helps_when_that_ends(string name)
    {
        var full = new PodSketch("full") { NodeName = "n1", Requests = "cpu=2" };
        _core.ApplyNode(ChangeKind.Added, InGroup.Build(++_revision));
        _core.ApplyPod(ChangeKind.Added, full.Build(++_revision));
        _core.ApplyPod(ChangeKind.Added, Pod("p1", "cpu=2", InB).Build(++_revision));
        Assert.Null(Assert.Single(Tried()).NodeName);
        _core.ApplyNode(ChangeKind.Modified, Away[name].Build(++_revision));
        Assert.Empty(Tried());
        _core.ApplyPod(ChangeKind.Deleted, full.Build(++_revision));
        Assert.Empty(Tried());
        _core.ApplyNode(ChangeKind.Modified, InGroup.Build(++_revision));
        Assert.Equal("n1", Assert.Single(Tried()).NodeName);
    }

    /// <summary>Trying it then tells what it is kept away by.</summary>
    [Theory]
    [MemberData(nameof(NamesAway))]
    public void A_node_that_grew_while_something_else_kept_the_pod_away_helps_when_that_ends(string name)
    {
        const string More = "cpu=4,memory=1Gi,pods=2";
        _core.ApplyNode(ChangeKind.Added, InGroup.Build(++_revision));
        _core.ApplyPod(ChangeKind.Added, Pod("p1", "cpu=4", InB).Build(++_revision));
        Assert.Null(Assert.Single(Tried()).NodeName);
        _core.ApplyNode(ChangeKind.Modified, Away[name].Build(++_revision));
        Assert.Empty(Tried());
        _core.ApplyNode(ChangeKind.Modified, (Away[name] with { Allocatable = More }).Build(++_revision));
        Assert.Null(Assert.Single(Tried()).NodeName);
        _core.ApplyNode(ChangeKind.Modified, (InGroup with { Allocatable = More }).Build(++_revision));
        Assert.Equal("n1", Assert.Single(Tried()).NodeName);
    }

    /// <summary>Ports are looked at before amounts, which nobody has blamed yet.</summary>
    [Fact]
    public void A_port_that_came_free_on_a_full_node_helps_when_the_node_grows()
    {
        var there = There with { HostPort = 80 };
        _core.ApplyNode(ChangeKind.Added, Small.Build(++_revision));
        _core.ApplyPod(ChangeKind.Added, there.Build(++_revision));
        _core.ApplyPod(ChangeKind.Added, new PodSketch("p1") { HostPort = 80, Requests = "cpu=4" }.Build(++_revision));
        Assert.Null(Assert.Single(Tried()).NodeName);
        _core.ApplyPod(ChangeKind.Deleted, there.Build(++_revision));
        Assert.Empty(Tried());
        _core.ApplyNode(
            ChangeKind.Modified, (Small with { Allocatable = "cpu=4,memory=1Gi,pods=2" }).Build(++_revision));
        Assert.Equal("n1", Assert.Single(Tried()).NodeName);
    }

    private static PodSketch Pod(string name, string requests = "", string spec = "") =>
        new(name) { Requests = requests, Spec = spec };

    /// <summary>There are not as many domains as it wants, and the one that there is has a pod.</summary>
    private static PodSketch Spread(string name, string key) => new(name)
    {
        Metadata = """ "labels":{"app":"x"} """,
        Spec = $$$$"""
            "topologySpreadConstraints":[{"maxSkew":1,"minDomains":9,"topologyKey":"{{{{key}}}}",
            "whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app":"x"}}},{"maxSkew":1,
            "topologyKey":"nowhere","whenUnsatisfiable":"ScheduleAnyway","labelSelector":{"matchLabels":{"app":"x"}}}]
            """,
    };

    private static PodSketch Near(string name) => new(name)
    {
        Spec = """
            "affinity":{"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[
            {"topologyKey":"zone","labelSelector":{"matchLabels":{"app":"nobody"}}}]}}
            """,
    };

    private List<SchedulingDecision> Tried()
    {
        var decisions = new List<SchedulingDecision>();
        _core.Tick();
        while (_core.DecideNext() is { } decision)
        {
            decisions.Add(decision);
        }

        return decisions;
    }

    /// <param name="Nodes">That are there first.</param>
    /// <param name="Pods">None of which fits.</param>
    /// <param name="Change">A node that comes, or that is as it is then.</param>
    /// <param name="Tried">Who is tried again.</param>
    private sealed record Row(NodeSketch[] Nodes, PodSketch[] Pods, NodeSketch Change, string Tried)
    {
        /// <summary>What happens to nodes before that, of which the queue is told together.</summary>
        public (ChangeKind Kind, NodeSketch Node)[] First { get; init; } = [];
    }
}
