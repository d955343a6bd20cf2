using k8s.Models;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>One pod of a Job fails too often, and the others are stopped.</summary>
internal sealed class FailingJobPlay() : JobPlay("NonIndexed")
{
    protected override int Acts => 2;

    protected override void SetUp() => World.AddJob(
        "j", s => (s.Parallelism, s.Completions, s.BackoffLimit) = (2, 3, 0));

    protected override void StepOthers()
    {
        foreach (var pod in World.Api.All<V1Pod>().Where(p => p.Metadata.DeletionTimestamp is not null))
        {
            World.EndPod(pod.Metadata.Name);
        }
    }
}
