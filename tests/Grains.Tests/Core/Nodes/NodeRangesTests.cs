using System.Net;
using CsCheck;
using OrleansOrchestrator.Grains.Core.Nodes;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Nodes;

public sealed class NodeRangesTests
{
    [Theory]
    [InlineData("10.244.0.0/16", 24, "10.244.0.0/24", "10.244.1.0/24")]
    [InlineData("10.0.0.0/8", 24, "10.0.0.0/24", "10.0.1.0/24")]
    [InlineData("10.244.0.0/24", 24, "10.244.0.0/24", null)]
    [InlineData("fd00:10:244::/56", 64, "fd00:10:244::/64", "fd00:10:244:1::/64")]
    [InlineData("fd00::/60", 72, "fd00::/72", "fd00:0:0:0:100::/72")]
    public void A_network_is_cut_from_its_start(string network, int length, string first, string? second)
    {
        var ranges = new NodeRanges(new PodNetwork(IPNetwork.Parse(network), length));
        Assert.Equal(IPNetwork.Parse(first), ranges.Take());
        Assert.Equal(second is null ? null : IPNetwork.Parse(second), ranges.Take());
    }

    [Theory]
    [InlineData("10.244.0.0/25", 24)]
    [InlineData("fd00::/47", 64)]
    [InlineData("10.0.0.0/30", 33)]
    public void What_cannot_be_cut_is_refused(string network, int length) =>
        Assert.Throws<ArgumentException>(() => new NodeRanges(new PodNetwork(IPNetwork.Parse(network), length)));

    /// <summary>
    /// Held against a list of who holds what: no range is given that anybody holds, and none is lost.
    /// </summary>
    [Fact]
    public void No_range_is_given_twice_and_none_is_lost() => Gen.Select(
        Gen.Int[0, 2], Gen.Int[0, 19], Gen.Int[20, 26]).Array[1, 60].Check(steps =>
    {
        var network = IPNetwork.Parse("10.244.0.0/20");
        var ranges = new NodeRanges(new PodNetwork(network, 24));
        var held = new List<IPNetwork>();
        foreach (var (what, where, length) in steps)
        {
            var any = new IPNetwork(new IPAddress([10, 244, (byte)(where & -(1 << Math.Max(0, 24 - length))), 0]),
                length);
            if (what == 0)
            {
                var free = Enumerable.Range(0, 16).Select(i => new IPNetwork(new IPAddress([10, 244, (byte)i, 0]), 24))
                    .Where(r => !held.Any(h => h.Contains(r.BaseAddress) || r.Contains(h.BaseAddress)))
                    .ToList();
                var taken = ranges.Take();
                Assert.Equal(free.Count > 0, taken is not null);
                if (taken is { } range)
                {
                    Assert.Contains(range, free);
                    held.Add(range);
                }
            }
            else if (what == 1)
            {
                ranges.Hold(any);
                held.Add(any);
            }
            else if (held.Count > 0)
            {
                ranges.Release(held[where % held.Count]);
                held.RemoveAt(where % held.Count);
            }
        }
    }, cases: 2_000);
}
