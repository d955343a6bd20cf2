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

    /// <summary>The rows of upstream's <c>TestDroppedRequestsTracker</c>, one after the other.</summary>
    [Fact]
    public void ItGoesUpAndDownAsUpstreams()
    {
        (int Second, int Refused, int Expected)[] steps =
        [
            (0, 5, 1), (1, 11, 2), (2, 1, 2), (3, 11, 4), (4, 1, 4), (7, 1, 8), (11, 1, 8), (15, 1, 7), (17, 1, 6),
            (21, 14, 5), (22, 1, 10),
        ];
        var time = new ManualTime();
        var advice = new RetryAdvice(time);
        var second = 0;
        foreach (var step in steps)
        {
            time.Advance(TimeSpan.FromSeconds(step.Second - second));
            second = step.Second;
            int[] advised = [.. Enumerable.Range(0, step.Refused).Select(_ => advice.Refuse())];
            Assert.Equal((second, step.Expected), (second, advised[^1]));
        }
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
