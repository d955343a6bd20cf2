using CsCheck;
using OrleansOrchestrator.Api.FlowControl;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.FlowControl;

public sealed class SeatDemandTests
{
    /// <summary>Against a sum over every second.</summary>
    [Fact]
    public void ItIsWhatEverySecondShows() => Gen.Int[0, 50].Array[1, 30].Check(seats =>
    {
        var demand = new SeatDemand(100);
        foreach (var (second, wanted) in seats.Index())
        {
            demand.Set(wanted, 100 + second);
        }

        demand.EndPeriod(100 + seats.Length);
        var average = seats.Average();
        var deviation = Math.Sqrt(seats.Average(s => (s - average) * (s - average)));
        Assert.Equal(average, demand.Average, 1e-6);
        Assert.Equal(deviation, demand.Deviation, 1e-4);
        Assert.Equal(seats.Max(), demand.HighWatermark);
        Assert.Equal(average + deviation, demand.Smoothed, 1e-4);
    });

    [Fact]
    public void HalfOfItIsForgottenInFiveMinutes()
    {
        var demand = new SeatDemand(0);
        demand.Set(100, 0);
        demand.EndPeriod(10);
        Assert.Equal(100, demand.Smoothed);
        demand.Set(0, 10);
        for (var period = 1; period <= 30; period++)
        {
            demand.EndPeriod(10 + (period * 10));
        }

        Assert.Equal(50, demand.Smoothed, 1.0);
        Assert.Equal(0, demand.HighWatermark);
    }
}
