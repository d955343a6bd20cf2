using k8s.Models;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Batch.Jobs;

public sealed class JobPlannerTests
{
    /// <summary>Whatever it is said to cost, and if it is only a little younger.</summary>
    [Fact]
    public void The_pod_that_was_ready_last_is_missed_least()
    {
        var world = new World();
        world.AddJob("work", s => (s.Parallelism, s.Completions) = (3, 3));
        world.Step<V1Job>("work");
        var names = world.ActivePods().Select(p => p.Metadata.Name).ToList();
        foreach (var name in names)
        {
            world.SetReady(name, true);
            world.Time.Advance(TimeSpan.FromSeconds(1));
        }

        world.Time.Advance(TimeSpan.FromHours(1));
        world.Api.Change<V1Pod>("default", names[0], p => p.Metadata.Annotations = new Dictionary<string, string>
        {
            ["controller.kubernetes.io/pod-deletion-cost"] = "-5",
        });
        world.Api.Change<V1Job>("default", "work", j => j.Spec.Parallelism = 2);
        world.Step<V1Job>("work");
        Assert.Equal(names.Take(2), world.ActivePods().Select(p => p.Metadata.Name));
    }

    [Fact]
    public void Of_equal_pods_those_of_the_lowest_indexes_go_first()
    {
        var world = new World();
        world.AddJob("work", s => (s.Parallelism, s.Completions, s.CompletionMode) = (12, 12, "Indexed"));
        world.Step<V1Job>("work");
        Assert.Equal(12, world.ActivePods().Count);
        world.Api.Change<V1Job>("default", "work", j => j.Spec.Parallelism = 1);
        world.Step<V1Job>("work");
        Assert.Equal(
            "11", Assert.Single(world.ActivePods()).Metadata.Annotations["batch.kubernetes.io/job-completion-index"]);
    }
}
