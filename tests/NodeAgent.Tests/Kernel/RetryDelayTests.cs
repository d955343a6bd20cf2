using OrleansOrchestrator.NodeAgent.Kernel;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Kernel;

public sealed class RetryDelayTests
{
    [Fact]
    public void Each_failure_doubles_the_delay_up_to_upstreams_most()
    {
        var now = new SteadyTime(TimeSpan.FromHours(1));
        RetryDelay? delay = null;
        foreach (var seconds in new[] { 0.5, 1, 2, 4, 8, 16, 32, 64, 122, 122 })
        {
            delay = RetryDelay.After(delay, now);
            Assert.Equal(new RetryDelay(TimeSpan.FromSeconds(seconds), now + TimeSpan.FromSeconds(seconds)), delay);
            now += TimeSpan.FromSeconds(1000);
        }
    }
}
