using OrleansOrchestrator.Formats;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

/// <summary>No period that a user can state is too long to reckon with.</summary>
public sealed class PeriodsTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(30, 30)]
    [InlineData(-1, 0)]
    [InlineData(long.MinValue, 0)]
    [InlineData(long.MaxValue, int.MaxValue)]
    public void A_period_is_bounded(long seconds, long expected)
    {
        Assert.Equal(expected, Periods.Of(seconds).TotalSeconds);
        Assert.Equal(Now.AddSeconds(expected), Periods.After(Now, seconds));
    }

    [Fact]
    public void Nothing_is_after_the_last_moment() =>
        Assert.Equal(DateTimeOffset.MaxValue, Periods.After(DateTimeOffset.MaxValue.AddDays(-1), long.MaxValue));

    [Theory]
    [InlineData(30)]
    [InlineData(long.MaxValue)]
    public void A_timer_takes_any_period(long seconds)
    {
        var period = Periods.ForTimer(Periods.Of(seconds));
        using var source = new CancellationTokenSource(period);
        Assert.Equal(Math.Min(seconds, 49L * 24 * 3600), period.TotalSeconds);
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(14, 28)]
    [InlineData(15, 30)]
    [InlineData(30, 30)]
    public void A_pause_doubles_up_to_its_bound(int seconds, int next) => Assert.Equal(
        TimeSpan.FromSeconds(next),
        Periods.AfterAnother(TimeSpan.FromSeconds(seconds), TimeSpan.FromSeconds(30)));
}
