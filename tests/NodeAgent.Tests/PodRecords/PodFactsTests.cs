using k8s.Models;
using OrleansOrchestrator.NodeAgent.PodRecords;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.PodRecords;

/// <summary>What a pod's spec says where it says too much or nothing.</summary>
public sealed class PodFactsTests
{
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
