using k8s.Models;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>Runs come, end and are forgotten.</summary>
internal sealed class CronJobPlay(string policy) : CrashPlay
{
    protected override int Acts => 4;

    protected override void SetUp() => World.Api.Seed(new V1CronJob
    {
        Metadata = new V1ObjectMeta { Name = "cj", NamespaceProperty = "default" },
        Spec = new V1CronJobSpec
        {
            Schedule = "@every 1h",
            ConcurrencyPolicy = policy,
            SuccessfulJobsHistoryLimit = 1,
            JobTemplate = new V1JobTemplateSpec { Spec = new V1JobSpec { Template = World.Template("cj") } },
        },
    });

    protected override void Change(int act)
    {
        World.Time.Advance(TimeSpan.FromHours(1));
        foreach (var job in World.Api.All<V1Job>().Where(j => act == 3 && j.Status.Conditions is null))
        {
            var now = World.Time.GetUtcNow().UtcDateTime;
            World.Api.Change<V1Job>(
                "default",
                job.Metadata.Name,
                j => j.Status = new V1JobStatus
                {
                    StartTime = now,
                    CompletionTime = now,
                    Conditions = [new V1JobCondition { Type = "Complete", Status = "True" }],
                },
                "status");
        }
    }

    protected override void Step() => World.Step<V1CronJob>("cj");

    protected override void LoseMemory() => World.LoseActivations();

    protected override void Check() => Assert.True(
        policy == "Allow" || World.Api.All<V1Job>().Count(j => j.Status.Conditions is null) <= 1,
        "a run that replaces another begins after it");
}
