using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Grains.Batch.Jobs;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Batch.Jobs;

public sealed class PodFinishTests
{
    private static readonly DateTime Start = new(2026, 3, 1, 0, 0, 0, DateTimeKind.Utc);

    [Theory]
    [InlineData(5, 9, false, 9)]
    [InlineData(5, null, false, 20)]
    [InlineData(12, 9, false, 12)]
    [InlineData(5, 9, true, 9)]
    [InlineData(null, null, true, 20)]
    public void Is_the_end_of_the_last_container_or_of_readiness(int? main, int? sidecar, bool isRunning, int expected)
    {
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta { CreationTimestamp = Start },
            Spec = new V1PodSpec
            {
                InitContainers =
                [
                    new V1Container { Name = "side", RestartPolicy = "Always" }, new V1Container { Name = "init" },
                ],
            },
            Status = new V1PodStatus
            {
                ContainerStatuses = [Ended("main", main), Ended("other", isRunning ? null : 1)],
                InitContainerStatuses = [Ended("side", sidecar), Ended("init", 30)],
                Conditions = [NotReadySince(20)],
            },
        };
        Assert.Equal(Start.AddSeconds(expected), PodFinish.Of(pod).UtcDateTime);
    }

    [Theory]
    [InlineData(true, 10)]
    [InlineData(false, 0)]
    public void Is_the_deletion_when_nobody_says_more(bool isDeleted, int expected)
    {
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                CreationTimestamp = Start,
                DeletionTimestamp = isDeleted ? Start.AddSeconds(40) : null,
                DeletionGracePeriodSeconds = 30,
            },
        };
        Assert.Equal(Start.AddSeconds(expected), PodFinish.Of(pod).UtcDateTime);
    }

    [Fact]
    public void A_grace_without_end_can_be_reckoned_with()
    {
        var deleted = Start.AddSeconds(40);
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                CreationTimestamp = Start,
                DeletionTimestamp = deleted + Periods.Of(long.MaxValue),
                DeletionGracePeriodSeconds = long.MaxValue,
            },
        };
        Assert.Equal(deleted, PodFinish.Of(pod).UtcDateTime);
    }

    private static V1PodCondition NotReadySince(int seconds) =>
        new() { Type = "Ready", Status = "False", LastTransitionTime = Start.AddSeconds(seconds) };

    private static V1ContainerStatus Ended(string name, int? at) => new()
    {
        Name = name,
        State = new V1ContainerState
        {
            Terminated = at is { } seconds
                ? new V1ContainerStateTerminated { FinishedAt = Start.AddSeconds(seconds) }
                : null,
        },
    };
}
