using k8s.Models;
using OrleansOrchestrator.Resources.Apps;
using OrleansOrchestrator.Resources.Batch.Jobs;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Batch.CronJobs;

/// <summary>Findings on CronJobs.</summary>
internal static class CronJobRules
{
    /// <summary>A Job's name is that of its CronJob, a dash and ten digits, and must be a label.</summary>
    private const int NameMaxLength = NameRules.LabelMaxLength - 11;

    private static readonly string[] ConcurrencyPolicies = ["Allow", "Forbid", "Replace"];

    /// <summary>True when a schedule says its time zone itself.</summary>
    public static bool NamesZone(string? schedule) => schedule?.Contains("TZ", StringComparison.Ordinal) == true;

    /// <summary>A new CronJob.</summary>
    public static void Validate(V1CronJob item, FieldErrors errors)
    {
        ValidateSpec(item.Spec, null, errors);
        if (NameRules.ByteCount(item.Metadata.Name ?? "") > NameMaxLength)
        {
            errors.Invalid(
                FieldPath.Of("metadata", "name"),
                item.Metadata.Name,
                $"must be no more than {NameMaxLength} characters");
        }
    }

    /// <summary>Findings on a spec.</summary>
    /// <param name="spec">With defaults.</param>
    /// <param name="old">What it was before; null for a new one.</param>
    /// <param name="errors">Takes the findings.</param>
    public static void ValidateSpec(V1CronJobSpec spec, V1CronJobSpec? old, FieldErrors errors)
    {
        var path = FieldPath.Of("spec");
        Schedule(spec, NamesZone(old?.Schedule), path.Child("schedule"), errors);
        WorkloadRules.NonNegative(spec.StartingDeadlineSeconds, path, "startingDeadlineSeconds", errors);
        if (spec.TimeZone is { } zone && (old is null || old.TimeZone != zone))
        {
            TimeZone(zone, path.Child("timeZone"), errors);
        }

        if (!ConcurrencyPolicies.Contains(spec.ConcurrencyPolicy, StringComparer.Ordinal))
        {
            errors.NotSupported(path.Child("concurrencyPolicy"), spec.ConcurrencyPolicy, ConcurrencyPolicies);
        }

        JobTemplate(spec.JobTemplate.Spec, path.Child("jobTemplate", "spec"), errors);
        WorkloadRules.NonNegative(spec.SuccessfulJobsHistoryLimit, path, "successfulJobsHistoryLimit", errors);
        WorkloadRules.NonNegative(spec.FailedJobsHistoryLimit, path, "failedJobsHistoryLimit", errors);
    }

    private static void Schedule(V1CronJobSpec spec, bool mayNameZone, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(spec.Schedule))
        {
            errors.Required(path);
            return;
        }

        if (CronSyntax.FindError(spec.Schedule) is { } error)
        {
            errors.Invalid(path, spec.Schedule, error);
        }

        if (!NamesZone(spec.Schedule))
        {
            return;
        }

        if (!mayNameZone)
        {
            errors.Invalid(
                path, spec.Schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
        }
        else if (spec.TimeZone is not null)
        {
            errors.Invalid(path, spec.Schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule");
        }
    }

    private static void TimeZone(string zone, FieldPath path, FieldErrors errors)
    {
        if (zone.Length == 0)
        {
            errors.Invalid(path, zone, "timeZone must be nil or non-empty string");
            return;
        }

        if (!TimeZoneNames.IsWellFormed(zone))
        {
            errors.Invalid(path, zone, $"unknown time zone {zone}");
            return;
        }

        if (string.Equals(zone, TimeZoneNames.Local, StringComparison.OrdinalIgnoreCase))
        {
            errors.Invalid(
                path, zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
        }

        if (TimeZoneNames.FindError(zone) is { } error)
        {
            errors.Invalid(path, zone, error);
        }
    }

    /// <summary>The selector is made anew for each Job.</summary>
    private static void JobTemplate(V1JobSpec spec, FieldPath path, FieldErrors errors)
    {
        JobSpecRules.Validate(spec, path, errors);
        if (spec.Selector is { } selector)
        {
            errors.Invalid(path.Child("selector"), InternalForm.Shown(selector), "`selector` will be auto-generated");
        }

        if (spec.ManualSelector == true)
        {
            errors.NotSupported(path.Child("manualSelector"), true, ["nil", "false"]);
        }
    }
}
