using CsCheck;
using OrleansOrchestrator.Grains.Scheduling.Framework;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Grains.Scheduling.Plugins;
using OrleansOrchestrator.SeedKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

/// <summary>
/// The picker keeps results by shape and node version. Held against asking every plugin about every node anew: it picks
/// a node that fits with the highest score of all, and none exactly when none fits, whatever came and went in between.
/// </summary>
public sealed class NodePickerTests
{
    private static readonly string[] Specs =
    [
        "",
        "\"nodeSelector\":{\"zone\":\"a\"}",
        "\"tolerations\":[{\"operator\":\"Exists\"}]",
        "\"tolerations\":[{\"key\":\"soft\",\"operator\":\"Exists\"}]",
        """
        "affinity":{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":40,"preference":{"matchExpressions":
        [{"key":"zone","operator":"In","values":["b"]}]}},{"weight":7,"preference":{"matchExpressions":[{"key":"disk","operator":"Exists"}]}}]}}
        """,
        """
        "affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":
        [{"key":"zone","operator":"NotIn","values":["c"]}]}]}}}
        """,
    ];

    private static readonly string[] Requests = ["", "cpu=500m,memory=256Mi", "cpu=2", "memory=3Gi,example.com/gpu=1"];
    private static readonly string[] Taints = ["", "soft=x:PreferNoSchedule", "hard=x:NoSchedule", "soft=x:PreferNoSchedule,more=y:PreferNoSchedule"];
    private static readonly string[] Labels = ["zone=a", "zone=b,disk=ssd", "zone=c", ""];

    /// <summary>Scores of images would be found out anew for all nodes.</summary>
    [Fact]
    public void ANodeThatSaysTheSameChangesNoScores()
    {
        var tables = new ClusterTables();
        var table = new NodeTable(tables);
        var node = new NodeSketch("n") { Status = "\"images\":[{\"names\":[\"i:latest\"],\"sizeBytes\":1}]" };
        table.Update(node.Build(1));
        var (images, version) = (tables.Images.Version, table.Find("n")!.Version);
        Assert.Null(table.Update(node.Build(2)));
        Assert.Equal((images, version), (tables.Images.Version, table.Find("n")!.Version));
        table.Update(new NodeSketch("other").Build(3));
        Assert.NotEqual(images, tables.Images.Version);
    }

    [Fact]
    public void ThePickIsTheBestOfAllThatFit() => Gen.Select(
        Gen.Int[1, 12],
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 5], Gen.Int[0, 3], Gen.Int[0, 99]).Array[1, 120]).Check((nodes, steps) =>
    {
        var tables = new ClusterTables();
        var plugins = PluginSet.Default(tables);
        var table = new NodeTable(tables);
        var picker = new NodePicker(
            plugins, table, tables, new NodeTrial(plugins, tables), new Random(1));
        var reader = new PodReader(tables.Scalars);
        var placed = new List<(NodeInfo Node, PodInfo Pod)>();
        for (var i = 0; i < nodes; i++)
        {
            table.Update(Node(i, i));
        }

        foreach (var (kind, spec, requests, pick) in steps)
        {
            switch (kind)
            {
                case 0:
                    table.Update(Node(pick % nodes, pick / 7));
                    break;
                case 1 when placed.Count > 0:
                    var (from, gone) = placed[pick % placed.Count];
                    placed.RemoveAt(pick % placed.Count);
                    from.RemovePod(gone.Shape);
                    break;
                default:
                    var sketch = new PodSketch($"p{placed.Count}") { Spec = Specs[spec], Requests = Requests[requests], HostPort = pick < 5 ? 80 : 0 };
                    var pod = reader.Read(sketch.Build());
                    var scores = Naive(plugins, table, pod);
                    var found = picker.Pick(pod, nominated: null, out var diagnosis);
                    Assert.Equal(scores.Count == 0, found is null);
                    Assert.Equal(found is null, diagnosis is not null);
                    if (found is not null)
                    {
                        Assert.Equal(scores.Values.Max(), scores[found.Name]);
                        found.AddPod(pod.Shape);
                        placed.Add((found, pod));
                    }

                    break;
            }
        }
    }, cases: 400);

    /// <summary>Nor is what is found out there shared by pods that name another node.</summary>
    [Fact]
    public void OnlyNodesThatAllNameAreTried()
    {
        var tables = new ClusterTables();
        var plugins = PluginSet.Default(tables) with
        {
            PreFilters = [new Naming("a", "b", "c"), new Naming("b", "c", "d")],
        };
        var table = new NodeTable(tables);
        foreach (var name in new[] { "a", "b", "c", "d" })
        {
            table.Update(new NodeSketch(name).Build(1));
        }

        var picker = new NodePicker(plugins, table, tables, new NodeTrial(plugins, tables), new Random(1));
        var reader = new PodReader(tables.Scalars);
        foreach (var (node, found) in
            new (string, string?)[] { ("a", null), ("b", "b"), ("c", "c"), ("d", null), ("b", "b") })
        {
            var pod = reader.Read(new PodSketch("p")
            {
                Spec = $$$$"""
                    "affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
                    {"matchFields":[{"key":"metadata.name","operator":"In","values":["{{{{node}}}}"]}]}]}}}
                    """,
            }.Build());
            Assert.Equal((node, found), (pod.OnlyNode, picker.Pick(pod, nominated: null, out _)?.Name));
        }
    }

    private static Dictionary<string, int> Naive(PluginSet plugins, NodeTable table, PodInfo pod)
    {
        var fitting = table.Order.Where(n => plugins.Filters.All(f => f.Filter(pod, n) is null)).ToList();
        var sums = fitting.ToDictionary(n => n.Name, _ => 0);
        foreach (var plugin in plugins.Scores)
        {
            var raw = fitting.ToDictionary(n => n.Name, n => plugin.Score(pod.Shape, n));
            var highest = raw.Values.DefaultIfEmpty(0).Max();
            foreach (var (node, score) in raw)
            {
                sums[node] += plugin.Weight * (plugin.Scale switch
                {
                    ScoreScale.None => score,
                    _ when highest == 0 => 0,
                    ScoreScale.ToHighest => 100 * score / highest,
                    _ => 100 - (100 * score / highest),
                });
            }
        }

        return sums;
    }

    private static Interfaces.Kernel.ResourceObject Node(int number, int variant) => new NodeSketch($"n{number}")
    {
        Allocatable = variant % 3 == 0 ? "cpu=4,memory=8Gi,pods=4" : "cpu=2,memory=16Gi,pods=110,example.com/gpu=2",
        Taints = Taints[variant % 4],
        Labels = Labels[variant / 2 % 4],
        Unschedulable = variant % 11 == 10,
    }.Build(variant + 1);

    private sealed class Naming(params string[] nodes) : IPreFilterPlugin
    {
        public string Name => "Naming";

        public PreFilterResult PreFilter(PodInfo pod) => new(null, nodes);
    }
}
