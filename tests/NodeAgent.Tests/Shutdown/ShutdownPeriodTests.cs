using OrleansOrchestrator.NodeAgent.Shutdown;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Shutdown;

public sealed class ShutdownPeriodTests
{
    private const int Critical = 2_000_000_000;

    [Theory]
    [InlineData(30, 10, 20, 10)]
    [InlineData(30, 0, 30, 0)]
    [InlineData(5, 5, 0, 5)]
    public void The_two_settings_are_two_periods(int all, int critical, int first, int second)
    {
        var periods = ShutdownPeriod.Of(Seconds(all), Seconds(critical));

        Assert.Equal([new ShutdownPeriod(0, Seconds(first)), new ShutdownPeriod(Critical, Seconds(second))], periods);
        Assert.Equal(Seconds(all), ShutdownPeriod.Total(periods));
    }

    [Fact]
    public void Without_settings_there_are_none()
    {
        Assert.Empty(ShutdownPeriod.Of(TimeSpan.Zero, TimeSpan.Zero));
        Assert.Empty(new ShutdownOptions().Periods);
    }

    [Theory]
    [InlineData(int.MinValue, 10)]
    [InlineData(0, 10)]
    [InlineData(99, 10)]
    [InlineData(100, 100)]
    [InlineData(101, 100)]
    [InlineData(999, 100)]
    [InlineData(1000, 1000)]
    [InlineData(int.MaxValue, 1000)]
    public void A_pod_belongs_to_the_highest_period_that_its_priority_reaches(int priority, int period)
    {
        var options = new ShutdownOptions { GracePeriodByPodPriority = ShutdownPeriod.Parse("1000=1s,10=30s,100=2s")! };

        Assert.Equal([10, 100, 1000], options.Periods.Select(static p => p.Priority));
        Assert.Equal(period, ShutdownPeriod.Find(options.Periods, priority).Priority);
    }

    [Theory]
    [InlineData("0=30s,0=1s")]
    [InlineData("0")]
    [InlineData("x=1s")]
    [InlineData("0=1")]
    [InlineData("0=-1s")]
    [InlineData("0=1s=2s")]
    [InlineData("9999999999=1s")]
    public void What_is_no_list_of_periods_is_none(string text) => Assert.Null(ShutdownPeriod.Parse(text));

    [Theory]
    [InlineData(30, 10, "", null)]
    [InlineData(0, 0, "0=30s", null)]
    [InlineData(10, 30, "", "shutdownGracePeriodCriticalPods 30s must be <= shutdownGracePeriod 10s")]
    [InlineData(0.5, 0, "", "shutdownGracePeriod 500ms must be either zero or otherwise >= 1 sec")]
    [InlineData(-1, -2, "", "shutdownGracePeriod -1s must be either zero or otherwise >= 1 sec")]
    [InlineData(2, 0.5, "", "shutdownGracePeriodCriticalPods 500ms must be either zero or otherwise >= 1 sec")]
    [InlineData(2, 0, "0=1s",
        "Cannot specify both shutdownGracePeriodByPodPriority and shutdownGracePeriod at the same time")]
    public void Settings_that_cannot_be_are_told(double all, double critical, string periods, string? problem)
    {
        var shutdown = new ShutdownOptions
        {
            GracePeriod = TimeSpan.FromSeconds(all), GracePeriodCriticalPods = TimeSpan.FromSeconds(critical),
            GracePeriodByPodPriority = ShutdownPeriod.Parse(periods)!,
        };

        Assert.Equal(problem, shutdown.Problem);
        Assert.Equal(
            problem is null ? null : $"invalid configuration: {problem}",
            AgentPreconditions.OptionProblem(new NodeAgentOptions { NodeName = "n", Shutdown = shutdown }));
    }

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);
}
