using OrleansOrchestrator.Grains.Metrics;
using OrleansOrchestrator.Interfaces.Metrics;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Metrics;

public sealed class UsageRatesTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 0, 0, 0, TimeSpan.Zero);

    private readonly UsageRates _rates = new();

    [Fact]
    public void ARateNeedsTwoRoundsOfOneRun()
    {
        Assert.Equal([null, 2L, null, null, null, null, 1L], Next(0, cpu: 10, received: 100));
        Assert.Equal([3333L, 2L, 20L, null, null, null, 1L], Next(15, cpu: 15, received: 400));
        Assert.Equal([null, 2L, null, null, null, null, 1L], Next(30, cpu: 1, received: 5));
        Assert.Equal([667L, 2L, 0L, null, null, null, 1L], Next(45, cpu: 2, received: 5));
    }

    [Fact]
    public void AStartSinceTheLastRoundIsAnotherRun()
    {
        Next(0, cpu: 1, received: 1);
        Assert.Null(Next(15, cpu: 100, received: 100, start: Start.AddSeconds(5))[0]);
        Assert.NotNull(Next(30, cpu: 101, received: 100, start: Start.AddSeconds(5))[0]);
    }

    [Fact]
    public void OfALongGapNothingIsSaid()
    {
        Next(0, cpu: 1, received: 1);
        Assert.Null(Next(60, cpu: 2, received: 2)[0]);
        Assert.NotNull(Next(105, cpu: 3, received: 2)[0]);
    }

    private long?[] Next(int second, double cpu, double received, DateTimeOffset? start = null) =>
        Assert.Single(_rates.Next(new UsageRound
        {
            Slot = second / UsageRound.PeriodSeconds,
            Hollow = [],
            Samples =
            [
                new UsageSample
                {
                    Namespace = "shop", Name = "web", Container = "c", Node = "n", Time = Start.AddSeconds(second),
                    Start = start, CpuSeconds = cpu, MemoryBytes = 2048, NetworkReceived = received, Restarts = 1,
                },
            ],
        })).Values;
}
