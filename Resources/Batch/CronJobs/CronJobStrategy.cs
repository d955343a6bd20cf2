using k8s.Models;
using OrleansOrchestrator.Resources.Apps;
using OrleansOrchestrator.Resources.Batch.Jobs;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Batch.CronJobs;

/// <summary>The rules of CronJobs.</summary>
public sealed class CronJobStrategy : ResourceStrategy<V1CronJob>
{
    private const int SuccessfulJobsLimit = 3;
    private const int FailedJobsLimit = 1;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("Schedule", "string", "", "The schedule in Cron format, see https://en.wikipedia.org/wiki/Cron."),
        new(
            "Timezone",
            "string",
            "",
            "The time zone name for the given schedule, see " +
            "https://en.wikipedia.org/wiki/List_of_tz_database_time_zones. If not specified, this will default to " +
            "the time zone of the kube-controller-manager process. The set of valid time zone names and the time " +
            "zone offset is loaded from the system-wide time zone database by the API server during CronJob " +
            "validation and the controller manager during execution. If no system-wide time zone database can be " +
            "found a bundled version of the database is used instead. If the time zone name becomes invalid during " +
            "the lifetime of a CronJob or due to a change in host configuration, the controller will stop creating " +
            "new new Jobs and will create a system event with the reason UnknownTimeZone. More information can be " +
            "found in https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#time-zones"),
        new(
            "Suspend",
            "boolean",
            "",
            "This flag tells the controller to suspend subsequent executions, it does not apply to already started " +
            "executions.  Defaults to false."),
        new("Active", "integer", "", "A list of pointers to currently running jobs."),
        new(
            "Last Schedule", "string", "", "Information when was the last time the job was successfully scheduled."),
        TableColumns.Age,
        .. JobRules.WideColumns,
    ];

    public override IReadOnlyList<object?> Cells(V1CronJob item, DateTimeOffset now) =>
    [
        item.Metadata.Name,
        item.Spec.Schedule,
        item.Spec.TimeZone ?? TableColumns.None,
        item.Spec.Suspend == true ? "True" : "False",
        item.Status?.Active?.Count ?? 0,
        item.Status?.LastScheduleTime is { } last ? HumanDuration.Since(last, now) : TableColumns.None,
        TableColumns.AgeOf(item, now),
        .. WorkloadRules.WideCells(item.Spec.JobTemplate.Spec.Template, item.Spec.JobTemplate.Spec.Selector),
    ];

    public override void SetDefaults(V1CronJob item)
    {
        ModelShape.Normalize(item);
        item.Status ??= new V1CronJobStatus();
        var spec = item.Spec ??= new V1CronJobSpec();
        spec.ConcurrencyPolicy ??= "Allow";
        spec.Suspend ??= false;
        spec.SuccessfulJobsHistoryLimit ??= SuccessfulJobsLimit;
        spec.FailedJobsHistoryLimit ??= FailedJobsLimit;
        spec.JobTemplate ??= new V1JobTemplateSpec();
        spec.JobTemplate.Spec ??= new V1JobSpec();
        JobSpecRules.SetDefaults(spec.JobTemplate.Spec);
    }

    public override void PrepareForCreate(V1CronJob item)
    {
        item.Status = new V1CronJobStatus();
        item.Metadata.Generation = 1;
        PodTemplateRules.Prepare(item.Spec.JobTemplate.Spec.Template);
    }

    public override void Validate(V1CronJob item, FieldErrors errors) => CronJobRules.Validate(item, errors);

    public override void PrepareForUpdate(V1CronJob item, V1CronJob old, string subresource)
    {
        if (subresource == "status")
        {
            item.Spec = old.Spec;
            return;
        }

        item.Status = old.Status;
        PodTemplateRules.Prepare(item.Spec.JobTemplate.Spec.Template);
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, item.Spec, old.Spec);
    }

    public override void ValidateUpdate(V1CronJob item, V1CronJob old, string subresource, FieldErrors errors)
    {
        if (subresource != "status")
        {
            CronJobRules.ValidateSpec(item.Spec, old.Spec, errors);
        }
    }

    public override IEnumerable<string> Warnings(V1CronJob item, V1CronJob? old)
    {
        var texts = old is not null && old.Metadata.Generation == item.Metadata.Generation
            ? []
            : JobSpecRules.Warnings(item.Spec.JobTemplate.Spec, FieldPath.Of("spec", "jobTemplate", "spec"));
        if (old is null)
        {
            return WorkloadRules.NameWarnings(item.Metadata).Concat(texts);
        }

        // The doubled path is upstream's.
        return CronJobRules.NamesZone(item.Spec.Schedule)
            ? texts.Append(
                "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see " +
                "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details")
            : texts;
    }
}
