using CsCheck;
using OrleansOrchestrator.SeedKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling.Plugins;

public sealed class PodTopologySpreadPluginTests
{
    private const string App = """{"app":"web"}""";

    private readonly RelationWorld _world = new();

    /// <summary>Whatever comes and goes, a pod is never put where it makes the skew too large.</summary>
    [Fact]
    public void TheSkewIsKeptWhereverPodsGo() =>
        Gen.Select(Gen.Int, Gen.Int[1, 3], Gen.Int[1, 4].Array[1, 4], Gen.Int[0, 9].Array[1, 40]).Check(
            (seed, maxSkew, nodesByZone, steps) =>
            {
                var world = new RelationWorld(seed);
                var zones = Enumerable.Range(0, nodesByZone.Length).Select(z => $"z{z}").ToArray();
                for (var z = 0; z < zones.Length; z++)
                {
                    for (var n = 0; n < nodesByZone[z]; n++)
                    {
                        world.AddNode($"{zones[z]}n{n}", zones[z]);
                    }
                }

                for (var i = 0; i < steps.Length; i++)
                {
                    if (steps[i] == 0 && world.Places.Count > 0)
                    {
                        world.Delete(world.Places.Keys.First());
                        continue;
                    }

                    var before = zones.ToDictionary(z => z, z => world.Places.Keys.Count(p => world.ZoneOf(p) == z));
                    var name = SchedulingObjects.Numbered("p", i);
                    Assert.Null(world.Add(name, App, Spread(maxSkew, "DoNotSchedule")));
                    Assert.True(before[world.ZoneOf(name)] + 1 - before.Values.Min() <= maxSkew);
                }
            },
            cases: 100);

    [Fact]
    public void NodesWithoutTheLabelAndFullDomainsAreCountedApart()
    {
        _world.AddNode("a", "z0");
        _world.AddNode("b", "");
        _world.AddNode("c", "z1");
        Assert.Null(_world.Add("p0", App, Spread(1, "DoNotSchedule", ",\"minDomains\":3")));
        Assert.Null(_world.Add("p1", App, Spread(1, "DoNotSchedule", ",\"minDomains\":3")));
        Assert.Equal(
            "0/3 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label), "
            + "2 node(s) didn't match pod topology spread constraints. no new claims to deallocate, preemption: "
            + "0/3 nodes are available: 1 Preemption is not helpful for scheduling, "
            + "2 No preemption victims found for incoming pod.",
            _world.Add("p2", App, Spread(1, "DoNotSchedule", ",\"minDomains\":3")));
    }

    [Fact]
    public void AWaitingPodIsTriedWhenAnotherLeaves()
    {
        _world.AddNode("a", "z0");
        Assert.Null(_world.Add("p0", App, Spread(1, "DoNotSchedule", ",\"minDomains\":2")));
        Assert.NotNull(_world.Add("p1", App, Spread(1, "DoNotSchedule", ",\"minDomains\":2")));
        _world.Delete("p0");
        _world.Wait();
        _world.Decide("p1");
        Assert.Equal("a", _world.Places["p1"]);
    }

    [Fact]
    public void ASelectorOfEverythingCountsNobody()
    {
        const string spread =
            """
            "topologySpreadConstraints":[{"maxSkew":1,"minDomains":2,"topologyKey":"zone",
            "whenUnsatisfiable":"DoNotSchedule","labelSelector":{}}]
            """;
        _world.AddNode("a", "z0");
        Assert.Null(_world.Add("p0", App, spread));
        Assert.Null(_world.Add("p1", App, spread));
    }

    [Theory]
    [InlineData("""{"app":"other"}""", true)]
    [InlineData("""{"app":"web","version":"2"}""", false)]
    public void AWaitingPodIsTriedWhenItIsNotOfThoseAnyMore(string labels, bool isTried)
    {
        _world.AddNode("a", "z0");
        var spread = Spread(1, "DoNotSchedule", ",\"minDomains\":2");
        Assert.Null(_world.Add("p0", App, spread));
        Assert.NotNull(_world.Add("p1", App, spread));
        _world.Wait();
        Assert.Null(_world.Add("p1", labels, spread));
        Assert.Equal(isTried, _world.Places.ContainsKey("p1"));
    }

    [Fact]
    public void ASoftConstraintSpreads()
    {
        foreach (var (name, zone) in (ReadOnlySpan<(string, string)>)[("a", "z0"), ("b", "z1"), ("c", "z2")])
        {
            _world.AddNode(name, zone);
        }

        for (var i = 0; i < 9; i++)
        {
            Assert.Null(_world.Add(SchedulingObjects.Numbered("p", i), App, Spread(1, "ScheduleAnyway")));
        }

        Assert.All(_world.Places.Values.CountBy(n => n), n => Assert.Equal(3, n.Value));
    }

    private static string Spread(int maxSkew, string when, string more = "") =>
        $$$"""
        "topologySpreadConstraints":[{"maxSkew":{{{maxSkew}}},"topologyKey":"zone","whenUnsatisfiable":"{{{when}}}",
        "labelSelector":{"matchLabels":{{{App}}}}{{{more}}}}]
        """;
}
