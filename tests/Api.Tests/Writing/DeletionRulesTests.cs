using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Writing;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Writing;

/// <summary>A bound pod can be deleted whatever grace it, or who deletes it, asks for.</summary>
public sealed class DeletionRulesTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly ResourceDefinition Pods = BuiltInResources.Table.Find(WellKnown.Pods)!;

    [Theory]
    [InlineData(long.MaxValue, null)]
    [InlineData(30L, long.MaxValue)]
    public void Any_grace_is_given(long own, long? asked)
    {
        var pod = Bound(own);
        var action = DeletionRules.Apply(Pods, pod, new DeletionOptions { GracePeriodSeconds = asked }, Now);
        Assert.Equal(DeletionAction.Update, action);
        Assert.Equal(long.MaxValue, pod.Metadata.DeletionGracePeriodSeconds);
        Assert.Equal(Now.AddSeconds(Periods.MaxSeconds).UtcDateTime, pod.Metadata.DeletionTimestamp);
    }

    [Fact]
    public void A_grace_without_end_can_be_shortened()
    {
        var pod = Bound(long.MaxValue);
        DeletionRules.Apply(Pods, pod, new DeletionOptions(), Now);
        DeletionRules.Apply(Pods, pod, new DeletionOptions { GracePeriodSeconds = 5 }, Now.AddSeconds(60));
        Assert.Equal(5, pod.Metadata.DeletionGracePeriodSeconds);
        Assert.Equal(Now.AddSeconds(5).UtcDateTime, pod.Metadata.DeletionTimestamp);
    }

    private static V1Pod Bound(long grace) => new()
    {
        Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "default" },
        Spec = new V1PodSpec { NodeName = "n1", TerminationGracePeriodSeconds = grace },
    };
}
