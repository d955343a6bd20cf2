using CsCheck;
using OrleansOrchestrator.Api.FlowControl;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.FlowControl;

public sealed class TimedRatioTests
{
    private const long Frequency = 1_000_000_000;
    private const long Start = 1000;

    private static readonly double[] Bounds = [0, 0.5, 1];

    /// <summary>Against a look at it in every nanosecond; some steps change what it is a part of.</summary>
    [Fact]
    public void ItIsWhatEveryNanosecondShows() => Gen.Select(Gen.Int[-4, 9], Gen.Int[0, 20]).Array[1, 30].Check(steps =>
    {
        var ratio = new TimedRatio(Bounds, Start);
        var (now, part, whole, sum) = (Start, 0, 1, 0.0);
        var seen = new long[Bounds.Length + 1];
        foreach (var (value, nanoseconds) in steps)
        {
            if (value < 0)
            {
                ratio.SetWhole(whole = -value, now);
            }
            else
            {
                ratio.Set(part = value, now);
            }

            for (var i = 0; i < nanoseconds; i++, now++)
            {
                var shown = (double)part / whole;
                sum += shown;
                for (var bound = 0; bound < seen.Length; bound++)
                {
                    seen[bound] += bound == Bounds.Length || shown <= Bounds[bound] ? 1 : 0;
                }
            }
        }

        var (total, cumulative) = ratio.Read(now, Frequency);
        Assert.Equal(sum, total, 1e-6);
        Assert.Equal(seen, cumulative);
    });
}
