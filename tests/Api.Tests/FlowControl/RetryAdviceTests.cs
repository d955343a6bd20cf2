using OrleansOrchestrator.Api.FlowControl;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.FlowControl;

public sealed class RetryAdviceTests
{
    /// <summary>Refusals in each second, and the advice for the last of them.</summary>
    [Theory]
    [InlineData(new[] { 1 }, 1)]
    [InlineData(new[] { 100 }, 1)]
    [InlineData(new[] { 2, 1 }, 1)]
    [InlineData(new[] { 3, 1 }, 2)]
    [InlineData(new[] { 10, 10, 1 }, 2)]
    [InlineData(new[] { 10, 10, 10, 1 }, 4)]
    [InlineData(new[] { 3, 1, 0, 0, 1 }, 1)]
    public void ItGrowsWithRefusals(int[] refusals, int expected)
    {
        var time = new ManualTime();
        var advice = new RetryAdvice(time);
        var last = 0;
        foreach (var count in refusals)
        {
            for (var i = 0; i < count; i++)
            {
                last = advice.Refuse();
            }

            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(expected, last);
    }

    [Fact]
    public void ItHasABound()
    {
        var time = new ManualTime();
        var advice = new RetryAdvice(time);
        var most = 0;
        for (var second = 0; second < 300; second++)
        {
            for (var i = 0; i < 100; i++)
            {
                most = Math.Max(most, advice.Refuse());
            }

            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(RetryAdvice.MaxSeconds, most);
    }
}
