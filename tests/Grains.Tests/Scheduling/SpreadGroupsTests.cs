using CsCheck;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

public sealed class SpreadGroupsTests
{
    private static readonly string[] Zones = ["", "a", "b"];
    private static readonly JoinedSelector[] Selectors =
        [.. new[] { "app=x", "app=y", "tier" }.Select(t => new JoinedSelector(t, [LabelSelector.Parse(t).Value!]))];

    /// <summary>Whatever comes and goes, each group counts what counting all pods anew would.</summary>
    [Fact]
    public void CountsAreThoseOfCountingAnew() => Gen.Select(
        Gen.Int[0, 5], Gen.Int[0, 7], Gen.Int[0, 3], Gen.Int[0, 2], Gen.Bool).Array[1, 80].Check(
        steps =>
        {
            var tables = new ClusterTables();
            var nodes = new NodeTable(tables);
            var pods = new Dictionary<string, (PodInfo Pod, NodeInfo Node)>();
            var reader = new PodReader(tables.Scalars);
            foreach (var (kind, pod, node, variant, flag) in steps)
            {
                Step(kind, $"p{pod}", $"n{node}", variant, flag);
                var selector = Selectors[variant];
                var group = tables.Groups.Get("default", selector, tables.Placed);
                var counted = pods.Values
                    .Where(p => p.Node.Exists && !p.Pod.IsDeleting && selector.Matches(p.Pod.Labels)).ToArray();
                Assert.All(nodes.Order, n => Assert.Equal(counted.Count(p => p.Node == n), group.On(n)));
                Assert.All(Zones, z => Assert.Equal(counted.Count(p => p.Node.TopologyZone == z), group.In(z)));
            }

            void Step(int kind, string pod, string node, int variant, bool flag)
            {
                if (kind == 0)
                {
                    var labels = variant == 0 ? "" : $"topology.kubernetes.io/zone={Zones[variant]}";
                    nodes.Update(new NodeSketch(node) { Labels = labels }.Build());
                }
                else if (kind == 1 && flag)
                {
                    nodes.Remove(node);
                }
                else if (kind == 2 && pods.Remove(pod, out var gone))
                {
                    gone.Node.RemovePod(gone.Pod.Shape);
                    tables.Placed.Remove(gone.Pod.Key);
                    nodes.Release(gone.Node);
                }
                else if (kind > 2)
                {
                    Put(pod, pods.TryGetValue(pod, out var there) ? there.Node : nodes.GetOrAdd(node), variant, flag);
                }
            }

            void Put(string name, NodeInfo node, int variant, bool isDeleting)
            {
                var deletion = isDeleting ? "\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"," : "";
                var app = variant == 0 ? "x" : "y";
                var pod = reader.Read(new PodSketch(name)
                {
                    Metadata = $"{deletion}\"labels\":{{\"app\":\"{app}\"{(variant == 2 ? ",\"tier\":\"1\"" : "")}}}",
                }.Build());
                if (!pods.ContainsKey(name))
                {
                    node.AddPod(pod.Shape);
                }

                pods[name] = (pod, node);
                tables.Placed.Put(pod, node);
            }
        },
        cases: 500);

    [Theory]
    [InlineData("replicasets", "apps", "ReplicaSet", """{"matchLabels":{"app":"w"}}""")]
    [InlineData(
        "statefulsets",
        "apps",
        "StatefulSet",
        """{"matchExpressions":[{"key":"app","operator":"In","values":["w"]}]}""")]
    [InlineData("replicationcontrollers", "", "ReplicationController", """{"app":"w"}""")]
    [InlineData("services", "", "", """{"app":"w"}""")]
    public void PodsOfOneSetGoApartThoughOneNodeIsEmptier(string resource, string group, string owner, string selector)
    {
        var core = Cluster();
        core.Apply(new ResourceName(group, resource), ChangeKind.Added, SchedulingObjects.Object(
            new ObjectKey("default", "w"),
            "w",
            1,
            $$$"""{"metadata":{"name":"w","namespace":"default"},"spec":{"selector":{{{selector}}}},"status":{}}"""));
        Assert.Equal(["a", "b"], Places(core, owner));
    }

    [Fact]
    public void OthersGoWhereThereIsMostRoom() => Assert.Equal(["b"], Places(Cluster(), "").Distinct());

    private static SchedulerCore Cluster()
    {
        var core = new SchedulerCore("default-scheduler", new ManualTime(), new Random(1));
        foreach (var (name, cpu) in new[] { ("a", 8), ("b", 64) })
        {
            core.ApplyNode(ChangeKind.Added, new NodeSketch(name)
            {
                Allocatable = $"cpu={cpu},memory=64Gi,pods=100",
                Labels = $"kubernetes.io/hostname={name},topology.kubernetes.io/zone={name}",
            }.Build());
        }

        return core;
    }

    private static string[] Places(SchedulerCore core, string owner)
    {
        var owners = owner.Length == 0
            ? ""
            : $$""","ownerReferences":[{"kind":"{{owner}}","name":"w","uid":"w","controller":true}]""";
        var places = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            var pod = new PodSketch($"p{i}") { Requests = "cpu=1", Metadata = "\"labels\":{\"app\":\"w\"}" + owners };
            core.ApplyPod(ChangeKind.Added, pod.Build());
            places.Add(core.DecideNext()!.NodeName!);
        }

        return [.. places.Order()];
    }
}
