using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Discovery;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Discovery;

public sealed class TopologyHintsTests
{
    private const int MaxRounds = 6;

    private const string Overload =
        "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold";

    private static readonly V1Service Service = new()
    {
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default", Uid = "uid-1" },
    };

    private static readonly SliceShape Shape = new(
        "default",
        new ChildNames("web", "uid-1"),
        new Dictionary<string, string> { ["kubernetes.io/service-name"] = "web" },
        new V1OwnerReference { Uid = "uid-1", Kind = "Service", Name = "web" });

    private static readonly Gen<(bool IsReady, int Zone)[]> Endpoints =
        Gen.Select(Gen.Frequency((5, Gen.Const(true)), (1, Gen.Const(false))), Gen.Int[0, 2]).Array[0, 260];

    /// <summary>What upstream's algorithm makes of endpoints in two or three zones.</summary>
    [Theory]
    [InlineData("a1 b1", "aabb", "aabb")]
    [InlineData("a1 b1", "aaaa", "bbaa")]
    [InlineData("a1 b1", "aaaaaaa", "bbbaaaa")]
    [InlineData("a1 b3", "aabb", "babb")]
    [InlineData("a1 b1 c1", "aaabbb", "caacbb")]
    [InlineData("a1 b1", "ccaabb", "ccaabb")]
    public void Zones_get_their_shares(string cpus, string zones, string expected)
    {
        var plan = Plan([], [.. zones.Select(z => (true, $"{z}"))], Shares(cpus), wereHinted: false);
        Assert.Equal(expected, string.Concat(Single(plan).Endpoints.Select(e => e.Hints.ForZones.Single().Name)));
        Assert.Equal(
            ("Normal", "TopologyAwareHintsEnabled", "Topology Aware Hints has been enabled, addressType: IPv4"),
            Told(plan));
        Assert.True(plan.AreHinted);
    }

    [Theory]
    [InlineData(
        "", "aabb",
        "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes")]
    [InlineData("a1 b1 c1", "ab", "Insufficient number of endpoints (2 endpoints, 3 zones)")]
    [InlineData("a1 b1", "aab", $"{Overload} (3 endpoints, 2 zones)")]
    [InlineData("a1 b1", "aabbb ", "One or more endpoints do not have a zone specified")]
    public void No_endpoint_has_a_hint_when_not_all_can(string cpus, string zones, string message)
    {
        var plan = Plan([], [.. zones.Select(z => (true, $"{z}".Trim()))], Shares(cpus), wereHinted: true);
        Assert.All(Single(plan).Endpoints, e => Assert.Null(e.Hints));
        Assert.Equal(("Warning", "TopologyAwareHintsDisabled", $"{message}, addressType: IPv4"), Told(plan));
        Assert.False(plan.AreHinted);
    }

    [Fact]
    public void Hints_that_are_no_longer_right_are_written_though_nothing_else_is()
    {
        var endpoints = "aabb".Select(z => (true, $"{z}")).ToArray();
        var first = Plan([], endpoints, Shares("a1 b1"), wereHinted: false);
        List<V1EndpointSlice> slices = [Single(first)];
        var before = slices[0].Endpoints.Select(e => e.Hints).ToList();
        var fewer = Plan(slices, endpoints, null, wereHinted: true);
        Assert.All(Assert.Single(fewer.Slices.Update).Endpoints, e => Assert.Null(e.Hints));
        Assert.Equal(before, slices[0].Endpoints.Select(e => e.Hints));

        var moved = Plan(slices, endpoints, Shares("a1 b3"), wereHinted: true);
        Assert.Equal("babb", string.Concat(
            Assert.Single(moved.Slices.Update).Endpoints.Select(e => e.Hints.ForZones.Single().Name)));
        Assert.Empty(moved.Notes);
    }

    /// <summary>
    /// After any sequence of endpoints and of shares: either all ready endpoints have a hint for one zone, their own or
    /// one that has processors, or none has a hint; what is not ready has none; and after a few plans (slices that rest
    /// at first may have to give after all) there is nothing to write.
    /// </summary>
    [Fact]
    public void All_or_none() => Gen.Select(Endpoints, Endpoints, Gen.Int[0, 4].Array[3], Gen.Int[0, 4].Array[3]).Check(
        (first, second, cpus, other) =>
        {
            var slices = new List<V1EndpointSlice>();
            var areHinted = false;
            foreach (var (wanted, cpu) in new[] { (first, cpus), (second, cpus), (second, other), (first, other) })
            {
                var endpoints = wanted.Select(w => (w.IsReady, $"{(char)('a' + w.Zone)}")).ToArray();
                var shares = Shares(string.Join(
                    ' ', cpu.Select((c, i) => (c, i)).Where(c => c.c > 0).Select(c => $"{(char)('a' + c.i)}{c.c}")));
                HintPlan plan;
                var rounds = 0;
                do
                {
                    Assert.True(++rounds < MaxRounds, "the slices come to rest");
                    plan = Plan(slices, endpoints, shares, areHinted);
                    slices = Apply(slices, plan.Slices);
                    areHinted = plan.AreHinted;
                    CheckHints(slices, shares, areHinted);
                }
                while (plan.Slices is not { Create: [], Update: [], Delete: [] });
            }
        }, cases: 60);

    private static void CheckHints(
        List<V1EndpointSlice> slices, IReadOnlyDictionary<string, double>? shares, bool areHinted)
    {
        var all = slices.SelectMany(s => s.Endpoints ?? []).ToList();
        Assert.All(all.Where(e => e.Conditions.Ready != true), e => Assert.Null(e.Hints));
        var ready = all.Where(e => e.Conditions.Ready == true).ToList();
        if (!areHinted)
        {
            Assert.All(ready, e => Assert.Null(e.Hints));
            return;
        }

        Assert.All(ready, e => Assert.True(
            Assert.Single(e.Hints.ForZones).Name is var zone && (zone == e.Zone || shares!.ContainsKey(zone))));
    }

    private static HintPlan Plan(
        IReadOnlyList<V1EndpointSlice> existing, (bool IsReady, string Zone)[] endpoints,
        IReadOnlyDictionary<string, double>? shares, bool wereHinted)
    {
        EndpointGroup[] groups =
        [
            new(
                "IPv4",
                [new Discoveryv1EndpointPort { Name = "", Port = 80, Protocol = "TCP" }],
                [.. endpoints.Select((e, i) => Endpoint(i, e.IsReady, e.Zone))]),
        ];
        TopologyHints.Keep(groups, existing);
        var plan = SlicePlanner.Compute(Shape, groups, existing);
        return TopologyHints.Add(Service, plan, existing, shares, wereHinted);
    }

    private static V1Endpoint Endpoint(int number, bool isReady, string zone) => new()
    {
        Addresses = [$"10.0.{number / 250}.{number % 250}"],
        Conditions = new V1EndpointConditions { Ready = isReady },
        TargetRef = new V1ObjectReference { Kind = "Pod", Name = $"p{number:D3}", Uid = $"u{number}" },
        Zone = zone.Length == 0 ? null : zone,
    };

    private static IReadOnlyDictionary<string, double>? Shares(string cpus) => ZoneShares.Of(
        cpus.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(c => new V1Node
        {
            Metadata = new V1ObjectMeta
            {
                Labels = new Dictionary<string, string> { [ZoneShares.ZoneLabel] = c[..1] },
            },
            Status = new V1NodeStatus
            {
                Allocatable = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(c[1..]) },
                Conditions = [new V1NodeCondition { Type = "Ready", Status = "True" }],
            },
        }));

    private static List<V1EndpointSlice> Apply(List<V1EndpointSlice> slices, SlicePlan plan)
    {
        var result = slices.Where(s => !plan.Delete.Contains(s)).ToDictionary(s => s.Metadata.Name);
        foreach (var slice in plan.Update.Concat(plan.Create))
        {
            result[slice.Metadata.Name] = slice;
        }

        return [.. result.Values];
    }

    private static V1EndpointSlice Single(HintPlan plan) => Assert.Single(plan.Slices.Create);

    private static (string Type, string Reason, string Message) Told(HintPlan plan)
    {
        var note = Assert.Single(plan.Notes);
        return (note.Type, note.Reason, note.Message);
    }
}
