using CsCheck;
using OrleansOrchestrator.Grains.Core.Nodes;
using OrleansOrchestrator.SeedKit;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Nodes;

public sealed class ZoneDisruptionTests
{
    private static readonly string[] Zones = ["a:", "b:"];

    /// <summary>
    /// Held against the sum of what time allowed: a zone's nodes are emptied no faster than one plus its rate over
    /// time, where the rate is what upstream says of the zone's state; none while everything is down; and one that has
    /// waited long enough is emptied.
    /// </summary>
    [Fact]
    public void No_zone_is_emptied_faster_than_its_state_allows() => Gen.Select(
        Gen.Int[1, 80],
        Gen.Int[1, 80],
        Gen.Select(Gen.Int[0, 80], Gen.Int[0, 80], Gen.Int[0, 60]).Array[1, 60]).Check((sizeA, sizeB, steps) =>
    {
        var time = new ManualTime();
        var zones = new ZoneDisruption(time);
        int[] sizes = [sizeA, sizeB];
        double[] allowed = [1, 1];
        var (taken, rates) = (new int[2], new double[2]);
        var waited = new double[2];
        foreach (var (downA, downB, seconds) in steps)
        {
            // The budget that time brought was brought at the rates of the state before.
            time.Advance(TimeSpan.FromSeconds(seconds));
            int[] down = [Math.Min(downA, sizeA), Math.Min(downB, sizeB)];
            zones.Observe(
                from z in Enumerable.Range(0, 2)
                from n in Enumerable.Range(0, sizes[z])
                select (Zones[z], n < down[z]));
            var isAllDown = down[0] == sizes[0] && down[1] == sizes[1];
            for (var z = 0; z < 2; z++)
            {
                var rate = isAllDown ? 0 : Rate(down[z], sizes[z]);
                allowed[z] += seconds * Math.Max(rate, rates[z]);
                waited[z] = rate == 0 ? 0 : waited[z] + (seconds * Math.Min(rate, rates[z]));
                rates[z] = rate;
                var hasToken = zones.HasToken(Zones[z]);
                Assert.Equal(hasToken, zones.TryTake(Zones[z]));
                Assert.False(hasToken && rate == 0, "nothing is emptied in this state");
                Assert.True(hasToken || rate == 0 || waited[z] < 1 + 1e-6, "it has waited long enough");
                if (hasToken)
                {
                    taken[z]++;
                    waited[z] = 0;
                }

                Assert.True(taken[z] <= allowed[z] + 1e-6, "too fast");
            }
        }
    }, cases: 2_000);

    private static double Rate(int down, int all) =>
        down <= 2 || down == all || down < 0.55 * all ? 0.1
        : all > 50 ? 0.01
        : 0;
}
