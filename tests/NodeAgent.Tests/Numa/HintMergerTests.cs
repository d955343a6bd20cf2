using OrleansOrchestrator.NodeAgent.Numa;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.PinningParts;

namespace OrleansOrchestrator.NodeAgent.Tests.Numa;

/// <summary>On which nodes providers agree: upstream's table of two nodes, and what holds for all.</summary>
public sealed class HintMergerTests
{
    private static readonly TopologyPolicy[] Policies =
        [TopologyPolicy.BestEffort, TopologyPolicy.Restricted, TopologyPolicy.SingleNumaNode];

    [Theory] // hints by resource: nodes' bits, preferred ones with a plus; "any" and "none" without nodes
    [InlineData("", "11+", "any+")]
    [InlineData("any", "11+", "any+")]
    [InlineData("none", "11-", "any-")]
    [InlineData("any;none", "11-", "any-")]
    [InlineData("01+,10+,11;any", "01+", "01+")]
    [InlineData("01+;01+", "01+", "01+")]
    [InlineData("10+;10+,11", "10+", "10+")]
    [InlineData("01+;10+", "11-", "any-")]
    [InlineData("01+,10+,11;01+,10+,11", "01+", "01+")]
    [InlineData("01+,11;10+,11", "01-", "any-")]
    [InlineData("01+,10+,11;11+", "11-", "any-")]
    [InlineData("11+;11+", "11+", "any-")]
    [InlineData("01+,11;10+,11;01", "01-", "any-")]
    public void Providers_agree_on_the_best_nodes_that_all_have(string hints, string common, string single)
    {
        Assert.Equal(common, Told(TopologyPolicy.BestEffort, hints));
        Assert.Equal(common, Told(TopologyPolicy.Restricted, hints));
        Assert.Equal(single, Told(TopologyPolicy.SingleNumaNode, hints));
    }

    [Fact]
    public void A_policy_admits_what_is_preferred_and_best_effort_all()
    {
        var unlike = Hints("01+;10+");
        Assert.True(Merger(TopologyPolicy.BestEffort).Merge(unlike).IsAdmitted);
        Assert.False(Merger(TopologyPolicy.Restricted).Merge(unlike).IsAdmitted);
        Assert.True(Merger(TopologyPolicy.Restricted).Merge(Hints("11+")).IsAdmitted);
        Assert.False(Merger(TopologyPolicy.SingleNumaNode).Merge(Hints("11+")).IsAdmitted);
        Assert.True(Merger(TopologyPolicy.SingleNumaNode).Merge(Hints("01+")).IsAdmitted);
    }

    [Fact]
    public void Of_as_many_nodes_the_closest_are_chosen_where_that_is_wanted()
    {
        var far = new NumaDistances(new Dictionary<int, IReadOnlyList<int>>
        {
            [0] = [10, 30, 30], [1] = [30, 10, 12], [2] = [30, 12, 10],
        });
        var hints = Hints("011+,110+");
        var merger = new HintMerger(far, TopologyPolicy.BestEffort, PrefersClosest: true);
        Assert.Equal(NumaSet.Of(1, 2), merger.Merge(hints).Best.Nodes);
        Assert.Equal(NumaSet.Of(0, 1), (merger with { PrefersClosest = false }).Merge(hints).Best.Nodes);
    }

    [Fact]
    public void What_is_preferred_is_a_hint_of_every_provider_and_the_order_of_providers_does_not_matter()
    {
        var random = new Random(20260420);
        for (var round = 0; round < 500; round++)
        {
            var providers = Enumerable.Range(0, random.Next(1, 4)).Select(_ => new TopologyHints
            {
                ["r"] = [.. NumaSet.AllOf([0, 1, 2]).Where(_ => random.Next(2) == 0)
                    .Select(set => new TopologyHint(set, random.Next(2) == 0))],
            }).ToList();
            var merger = new HintMerger(
                Of(TwoNodesPerSocket).Distances, Policies[random.Next(Policies.Length)], PrefersClosest: false);

            var (best, isAdmitted) = merger.Merge(providers);

            Assert.Equal((best, isAdmitted), merger.Merge(providers.AsEnumerable().Reverse()));
            if (best is { IsPreferred: true, Nodes: { } nodes })
            {
                Assert.All(providers, p => Assert.Contains(new TopologyHint(nodes, IsPreferred: true), p["r"]!));
            }
        }
    }

    private static string Told(TopologyPolicy policy, string hints)
    {
        var (best, isAdmitted) = Merger(policy).Merge(Hints(hints));
        Assert.Equal(policy == TopologyPolicy.BestEffort || best.IsPreferred, isAdmitted);
        return (best.Nodes is { } nodes ? $"{nodes.Bits:b2}" : "any") + (best.IsPreferred ? "+" : "-");
    }

    private static HintMerger Merger(TopologyPolicy policy) =>
        new(Of(DualSocket).Distances, policy, PrefersClosest: false);

    private static List<TopologyHints> Hints(string text) =>
    [
        .. text.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(static resource => new TopologyHints
        {
            ["r"] = resource switch
            {
                "any" => null,
                "none" => [],
                _ => [.. resource.Split(',').Select(static h => new TopologyHint(
                    new NumaSet(Convert.ToUInt64(h.TrimEnd('+'), 2)), h.EndsWith('+')))],
            },
        }),
    ];
}
