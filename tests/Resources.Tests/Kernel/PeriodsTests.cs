using OrleansOrchestrator.Resources.Kernel;
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
}
