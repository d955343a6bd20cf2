using k8s.Models;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Batch.CronJobs;

public sealed class CronJobMeterTests
{
    [Fact]
    public void How_late_a_run_begins_is_measured_once()
    {
        using var heard = new HeardMeasurements("OrleansOrchestrator.CronJobs");
        var world = new World();
        world.Api.Seed(new V1CronJob
        {
            Metadata = new V1ObjectMeta { Name = "late", NamespaceProperty = "default" },
            Spec = new V1CronJobSpec
            {
                Schedule = "@every 1h",
                ConcurrencyPolicy = "Allow",
                JobTemplate = new V1JobTemplateSpec { Spec = new V1JobSpec { Template = World.Template("late") } },
            },
        });
        world.Time.Advance(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(37.25));
        world.Step<V1CronJob>("late");
        world.Step<V1CronJob>("late");
        Assert.Single(world.Api.All<V1Job>());
        Assert.Single(
            heard.All, static m => m == ("cronjob_controller_job_creation_skew_duration_seconds", 37.25, ""));
    }
}
