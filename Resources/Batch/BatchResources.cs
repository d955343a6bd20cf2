using k8s.Models;
using OrleansOrchestrator.Resources.Batch.CronJobs;
using OrleansOrchestrator.Resources.Batch.Jobs;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Batch;

/// <summary>Rows of <c>batch</c>, in discovery order.</summary>
internal static class BatchResources
{
    public static IEnumerable<ResourceKind> Rows =>
    [
        new()
        {
            Name = WellKnown.CronJobs, Kind = "CronJob", Singular = "cronjob", ShortNames = ["cj"],
            Categories = ["all"], GrainType = "cronjob",
            PodTemplate = o => ((V1CronJob)o).Spec?.JobTemplate?.Spec?.Template,
            Versions = [new("v1", new CronJobStrategy()) { Subresources = [SubresourceDefinition.Status] }],
        },
        new()
        {
            Name = WellKnown.Jobs, Kind = "Job", Singular = "job",
            Categories = ["all"], GrainType = "job", PodTemplate = o => ((V1Job)o).Spec?.Template,
            Deletion = DeletionTraits.OrphansByDefault | DeletionTraits.WarnsOfOrphans,
            Versions = [new("v1", new JobStrategy()) { Subresources = [SubresourceDefinition.Status] }],
        },
    ];
}
