using OrleansOrchestrator.Grains.Batch.Jobs;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Batch.Jobs;

public sealed class PodBackoffTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(1, 0, 10)]
    [InlineData(1, 4, 6)]
    [InlineData(1, 10, 0)]
    [InlineData(1, 300, 0)]
    [InlineData(2, 0, 20)]
    [InlineData(3, 0, 40)]
    [InlineData(6, 0, 320)]
    [InlineData(7, 0, 600)]
    [InlineData(1_000, 0, 600)]
    public void Doubles_from_ten_seconds_to_ten_minutes(int failures, int passed, int remaining) => Assert.Equal(
        TimeSpan.FromSeconds(remaining), new PodBackoff(failures, Start).Remaining(Start.AddSeconds(passed)));

    [Theory]
    [InlineData(2, new int[0], new int[0], 2, 0)]
    [InlineData(2, new int[0], new[] { 7, 5 }, 4, 7)]
    [InlineData(2, new[] { 6 }, new int[0], 0, null)]
    [InlineData(2, new[] { 6 }, new[] { 5 }, 0, null)]
    [InlineData(2, new[] { 6 }, new[] { 6 }, 0, null)]
    [InlineData(2, new[] { 1, 6 }, new[] { 9, 5, 8 }, 2, 9)]
    public void Counts_failures_since_the_last_success(
        int before, int[] succeeded, int[] failed, int expected, int? last)
    {
        var next = new PodBackoff(before, Start).Next([.. succeeded.Select(At)], [.. failed.Select(At)]);
        Assert.Equal(expected == 0 ? default : new PodBackoff(expected, At(last!.Value)), next);
    }

    private static DateTimeOffset At(int seconds) => Start.AddSeconds(seconds);
}
