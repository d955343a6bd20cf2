using k8s.Models;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Pods;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Kernel;

/// <summary>No period that a pod can state is too long to reckon with, or for a timer.</summary>
public sealed class PeriodsTests
{
    [Theory]
    [InlineData(30, 30)]
    [InlineData(-1, 0)]
    [InlineData(long.MaxValue, int.MaxValue)]
    public void A_period_is_bounded(long seconds, long expected) =>
        Assert.Equal(expected, Periods.Of(seconds).TotalSeconds);

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
    [InlineData(null, null, 30)]
    [InlineData(null, 5L, 5)]
    [InlineData(7L, 5L, 7)]
    [InlineData(long.MaxValue, 5L, int.MaxValue)]
    [InlineData(null, long.MaxValue, int.MaxValue)]
    public void A_pod_ends_with_any_grace(long? deletion, long? spec, int expected)
    {
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta { DeletionGracePeriodSeconds = deletion },
            Spec = new V1PodSpec { TerminationGracePeriodSeconds = spec },
        };
        Assert.Equal(expected, pod.Grace().TotalSeconds);
    }
}
