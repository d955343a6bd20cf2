using k8s.Models;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Batch.CronJobs;

public sealed class ScheduleChangeTests
{
    private readonly World _world = new();

    public ScheduleChangeTests()
    {
        _world.Api.Seed(new V1CronJob
        {
            Metadata = new V1ObjectMeta { Name = "cj", NamespaceProperty = "default" },
            Spec = new V1CronJobSpec
            {
                Schedule = "0 0 1 1 *",
                ConcurrencyPolicy = "Allow",
                JobTemplate = new V1JobTemplateSpec { Spec = new V1JobSpec { Template = World.Template("cj") } },
            },
        });
        _world.Step<V1CronJob>("cj");
        _world.Time.Advance(TimeSpan.FromMinutes(10));
        _world.Api.Change<V1CronJob>("default", "cj", c => c.Spec.Schedule = "* * * * *");
    }

    [Fact]
    public void Another_schedule_begins_with_its_next_run()
    {
        var after = _world.Step<V1CronJob>("cj").After!.Value;
        Assert.InRange(after, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(61));
        _world.Step<V1CronJob>("cj");
        Assert.Empty(_world.Api.All<V1Job>());

        _world.Time.Advance(after);
        _world.Step<V1CronJob>("cj");
        Assert.Single(_world.Api.All<V1Job>());
    }

    [Fact]
    public void Any_other_change_starts_the_run_that_was_missed()
    {
        _world.Step<V1CronJob>("cj");
        _world.Api.Change<V1CronJob>(
            "default", "cj", c => c.Metadata.Annotations = new Dictionary<string, string> { ["poke"] = "1" });
        _world.Step<V1CronJob>("cj");
        Assert.Single(_world.Api.All<V1Job>());
    }

    [Fact]
    public void Who_does_not_know_of_another_schedule_starts_the_run_that_was_missed()
    {
        _world.LoseActivations();
        _world.Step<V1CronJob>("cj");
        Assert.Single(_world.Api.All<V1Job>());
    }
}
