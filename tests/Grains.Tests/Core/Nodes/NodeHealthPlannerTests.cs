using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Nodes;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Nodes;

public sealed class NodeHealthPlannerTests
{
    private const string NotReady = "node.kubernetes.io/not-ready";
    private const string Unreachable = "node.kubernetes.io/unreachable";
    private const string Unschedulable = "node.kubernetes.io/unschedulable";

    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly NodeGrace Grace = new(TimeSpan.FromSeconds(50), TimeSpan.FromSeconds(60));

    private static readonly Dictionary<string, string> Pressures = new(StringComparer.Ordinal)
    {
        ["MemoryPressure"] = "node.kubernetes.io/memory-pressure",
        ["DiskPressure"] = "node.kubernetes.io/disk-pressure",
        ["PIDPressure"] = "node.kubernetes.io/pid-pressure",
        ["NetworkUnavailable"] = "node.kubernetes.io/network-unavailable",
    };

    private static readonly Gen<V1NodeCondition> Conditions =
        from type in Gen.OneOf("Ready", "Ready", "MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")
        from status in Gen.OneOf("True", "False", "Unknown")
        select new V1NodeCondition { Type = type, Status = status, Reason = "r", Message = "m" };

    private static readonly Gen<V1Taint> Taints =
        from key in Gen.OneOf(
            NotReady, Unreachable, Unschedulable, "node.kubernetes.io/disk-pressure", "mine",
            "node.kubernetes.io/out-of-service")
        from effect in Gen.OneOf("NoSchedule", "NoExecute", "PreferNoSchedule")
        select new V1Taint { Key = key, Effect = effect };

    private static readonly Gen<NodeObserved> Observed =
        from conditions in Conditions.Array[0, 5]
        from taints in Taints.Array[0, 4]
        from isCordoned in Gen.Bool
        from silence in Gen.Int[0, 80]
        from mayEvict in Gen.Bool
        from isEverythingDown in Gen.Bool
        select new NodeObserved
        {
            Node = new V1Node
            {
                Metadata = new V1ObjectMeta { Name = "n", CreationTimestamp = Now.UtcDateTime },
                Spec = new V1NodeSpec
                {
                    Unschedulable = isCordoned ? true : null,
                    Taints = [.. taints.DistinctBy(static t => (t.Key, t.Effect))],
                },
                Status = new V1NodeStatus { Conditions = [.. conditions.DistinctBy(static c => c.Type)] },
            },
            Silence = TimeSpan.FromSeconds(silence), MayEvict = mayEvict, IsEverythingDown = isEverythingDown,
        };

    /// <summary>Held against the rules one by one: what a node shows is what the table says; what others put stays.
    /// </summary>
    [Fact]
    public void A_node_has_the_taints_that_its_conditions_say_and_those_of_others() => Observed.Check(
        static observed =>
        {
            var node = observed.Node;
            var plan = NodeHealthPlanner.Compute(observed, Grace, Now);
            var conditions = (plan.Conditions ?? [.. node.Status.Conditions]).ToDictionary(
                static c => c.Type, static c => c.Status, StringComparer.Ordinal);
            AssertSilence(observed, conditions);

            var wanted = new HashSet<(string, string)>();
            var ready = conditions.GetValueOrDefault("Ready");
            if (ready is "False" or "Unknown")
            {
                wanted.Add((ready == "False" ? NotReady : Unreachable, "NoSchedule"));
            }

            foreach (var (type, key) in Pressures.Where(p => conditions.GetValueOrDefault(p.Key) == "True"))
            {
                wanted.Add((key, "NoSchedule"));
            }

            if (node.Spec.Unschedulable == true)
            {
                wanted.Add((Unschedulable, "NoSchedule"));
            }

            var hadEviction =
                node.Spec.Taints.Any(static t => t.Effect == "NoExecute" && t.Key is NotReady or Unreachable);
            if (ready is "False" or "Unknown" && !observed.IsEverythingDown && (hadEviction || observed.MayEvict))
            {
                wanted.Add((ready == "False" ? NotReady : Unreachable, "NoExecute"));
            }

            wanted.UnionWith(node.Spec.Taints.Select(static t => (t.Key, t.Effect)).Where(static t => !IsOurs(t)));
            var found = (plan.Taints ?? [.. node.Spec.Taints]).Select(static t => (t.Key, t.Effect)).ToList();
            Assert.Equal(wanted.Order(), found.Order());
            Assert.Equal(
                !hadEviction && found.Exists(static t => t.Effect == "NoExecute" && t.Key is NotReady or Unreachable),
                plan.Evicts);
        }, cases: 1_000);

    /// <summary>What was written once is not written again.</summary>
    [Fact]
    public void A_plan_that_was_carried_out_leaves_nothing_to_do() => Observed.Check(static observed =>
    {
        var node = observed.Node;
        var plan = NodeHealthPlanner.Compute(observed, Grace, Now);
        node.Spec.Taints = [.. plan.Taints ?? [.. node.Spec.Taints]];
        node.Status.Conditions = [.. plan.Conditions ?? [.. node.Status.Conditions]];
        var again = NodeHealthPlanner.Compute(observed, Grace, Now.AddSeconds(1));
        Assert.Null(again.Taints);
        Assert.Null(again.Conditions);
        Assert.False(again.Evicts);
    }, cases: 1_000);

    [Fact]
    public void A_heartbeat_is_no_difference()
    {
        static V1Node Node(int minute, string status, string? taint = null, bool isClosed = false) => new()
        {
            Metadata = new V1ObjectMeta { Name = "n1", ResourceVersion = $"{minute}" },
            Spec = new V1NodeSpec
            {
                Unschedulable = isClosed ? true : null,
                Taints = taint is null ? null : [new V1Taint { Key = taint, Effect = "NoSchedule" }],
            },
            Status = new V1NodeStatus
            {
                Conditions =
                [
                    new V1NodeCondition
                    {
                        Type = "Ready", Status = status, LastHeartbeatTime = Now.AddMinutes(minute).UtcDateTime,
                    },
                ],
            },
        };
        var node = Node(1, "True");
        Assert.False(NodeHealthPlanner.Differ(node, Node(2, "True")));
        Assert.True(NodeHealthPlanner.Differ(node, Node(2, "False")));
        Assert.True(NodeHealthPlanner.Differ(node, Node(2, "True", taint: "k")));
        Assert.True(NodeHealthPlanner.Differ(node, Node(2, "True", isClosed: true)));
    }

    private static void AssertSilence(NodeObserved observed, Dictionary<string, string> conditions)
    {
        var before = observed.Node.Status.Conditions;
        var limit = before.Any(static c => c.Type == "Ready") ? Grace.Grace : Grace.StartupGrace;
        if (observed.Silence > limit)
        {
            Assert.All(
                new[] { "Ready", "MemoryPressure", "DiskPressure", "PIDPressure" },
                type => Assert.Equal("Unknown", conditions[type]));
        }
        else
        {
            Assert.All(before, c => Assert.Equal(c.Status, conditions[c.Type]));
            Assert.Equal(before.Count, conditions.Count);
        }
    }

    private static bool IsOurs((string Key, string Effect) taint) => taint.Effect switch
    {
        "NoSchedule" => taint.Key is NotReady or Unreachable or Unschedulable || Pressures.ContainsValue(taint.Key),
        "NoExecute" => taint.Key is NotReady or Unreachable,
        _ => false,
    };
}
