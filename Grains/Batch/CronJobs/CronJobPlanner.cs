using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Grains.Batch.Jobs;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Resources.Batch.CronJobs;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Batch.CronJobs;

/// <summary>The decisions of a CronJob: what it says of its Jobs, which of them go, and whether a run is due.</summary>
public static class CronJobPlanner
{
    /// <summary>Says on a Job which run it is, in the CronJob's time zone.</summary>
    public const string ScheduledTimestamp = "batch.kubernetes.io/cronjob-scheduled-timestamp";

    private const string DocumentedAt =
        "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/";

    /// <summary>What to do now.</summary>
    /// <param name="job">The CronJob.</param>
    /// <param name="jobs">The Jobs that it controls.</param>
    /// <param name="now">The time.</param>
    /// <param name="waits">No run begins before the next one, see <see cref="ScheduleChange"/>.</param>
    public static CronJobPlan Compute(
        V1CronJob job, IReadOnlyList<V1Job> jobs, DateTimeOffset now, bool waits = false)
    {
        var events = new List<EventNote>();
        var expired = Expired(job.Spec, jobs);
        var status = Observe(job, jobs, events);
        var unexpected = jobs.Where(j => JobConditions.End(j.Status) is null
            && status.Active?.Any(a => a.Uid == j.Metadata.Uid) != true).ToList();
        var plan = new CronJobPlan { Status = status, Events = events, Unexpected = unexpected, Expired = expired };
        if (job.Metadata.DeletionTimestamp is not null || FindSchedule(job, events) is not { } schedule)
        {
            return plan;
        }

        var observed = job with { Status = status };
        if (waits)
        {
            return plan with { After = CronJobTimes.UntilNext(observed, schedule, now) };
        }

        if (FindDue(observed, schedule, now, events, out var isHopeless) is not { } due)
        {
            return plan with { After = isHopeless ? null : CronJobTimes.UntilNext(observed, schedule, now) };
        }

        return plan with
        {
            Unexpected = [.. unexpected.Where(j => j.Metadata.Name != NameOf(job, due))],
            Run = new CronJobRun(
                due,
                NewJob(job, due),
                job.Spec.ConcurrencyPolicy == "Replace" ? [.. status.Active ?? []] : []),
            After = CronJobTimes.UntilNext(
                job with { Status = status with { LastScheduleTime = due.UtcDateTime } }, schedule, now),
        };
    }

    /// <summary>The name of a run's Job: a second attempt to start it finds the first.</summary>
    public static string NameOf(V1CronJob job, DateTimeOffset scheduled) => string.Create(
        CultureInfo.InvariantCulture, $"{job.Metadata.Name}-{scheduled.ToUnixTimeSeconds() / 60}");

    private static List<V1Job> Expired(V1CronJobSpec spec, IReadOnlyList<V1Job> jobs)
    {
        var ended = jobs.ToLookup(j => JobConditions.End(j.Status)?.Type);
        return
        [
            .. Oldest(ended[JobConditions.Complete], spec.SuccessfulJobsHistoryLimit),
            .. Oldest(ended[JobConditions.Failed], spec.FailedJobsHistoryLimit),
        ];
    }

    private static IEnumerable<V1Job> Oldest(IEnumerable<V1Job> jobs, int? limit) => limit is null
        ? []
        : jobs.OrderBy(j => j.Status.StartTime ?? DateTime.MaxValue)
            .ThenBy(j => j.Metadata.Name, StringComparer.Ordinal)
            .SkipLast(limit.Value);

    /// <summary>The status without Jobs that have ended or are gone.</summary>
    private static V1CronJobStatus Observe(V1CronJob job, IReadOnlyList<V1Job> jobs, List<EventNote> events)
    {
        var active = job.Status?.Active?.ToList() ?? [];
        var lastSuccess = job.Status?.LastSuccessfulTime;
        foreach (var child in jobs)
        {
            if (JobConditions.End(child.Status) is not { } end)
            {
                continue;
            }

            if (active.RemoveAll(a => a.Uid == child.Metadata.Uid) > 0)
            {
                events.Add(EventNote.Normal(
                    job, "SawCompletedJob", $"Saw completed job: {child.Metadata.Name}, condition: {end.Type}"));
            }

            var success = end.Type == JobConditions.Complete ? child.Status.CompletionTime : null;
            lastSuccess = lastSuccess is null || success > lastSuccess ? success ?? lastSuccess : lastSuccess;
        }

        foreach (var missing in active.Where(a => jobs.All(j => j.Metadata.Uid != a.Uid)).ToList())
        {
            active.Remove(missing);
            events.Add(EventNote.Normal(job, "MissingJob", $"Active job went missing: {missing.Name}"));
        }

        return new V1CronJobStatus
        {
            Active = active.Count == 0 ? null : active,
            LastScheduleTime = job.Status?.LastScheduleTime,
            LastSuccessfulTime = lastSuccess,
        };
    }

    /// <summary>Null when the CronJob does not run, with the reason told.</summary>
    private static CronSchedule? FindSchedule(V1CronJob job, List<EventNote> events)
    {
        var (text, zone) = (job.Spec.Schedule, job.Spec.TimeZone);
        if (zone is not null && CronSchedule.FindErrorInZone(zone) is { } unknown)
        {
            events.Add(EventNote.Warning(
                job, "UnknownTimeZone", $"invalid timeZone: {GoText.Quote(zone)}: {unknown}"));
            return null;
        }

        if (job.Spec.Suspend == true)
        {
            return null;
        }

        if (text.Contains("TZ", StringComparison.Ordinal))
        {
            events.Add(EventNote.Warning(
                job,
                "UnsupportedSchedule",
                $"CRON_TZ or TZ used in schedule {GoText.Quote(text)} is not officially supported, see " +
                    $"{DocumentedAt} for more details"));
            zone = null;
        }

        if (CronSchedule.Read(zone is null ? text : $"TZ={zone} {text}", out var schedule) is { } error)
        {
            events.Add(EventNote.Warning(
                job, "UnparseableSchedule", $"unparseable schedule: {GoText.Quote(text)} : {error}"));
        }

        return schedule;
    }

    /// <summary>The run that must begin now; null when none must.</summary>
    private static DateTimeOffset? FindDue(
        V1CronJob job, CronSchedule schedule, DateTimeOffset now, List<EventNote> events, out bool isHopeless)
    {
        var times = CronJobTimes.Of(job, schedule, now, withDeadline: true);
        isHopeless = times.Error is not null;
        if (isHopeless)
        {
            events.Add(EventNote.Warning(
                job, "InvalidSchedule", $"invalid schedule: {job.Spec.Schedule} : {times.Error}"));
        }

        if (times.Latest is not { } due)
        {
            return null;
        }

        if (times.Missed > CronJobTimes.ManyMissed)
        {
            events.Add(EventNote.Warning(
                job,
                "TooManyMissedTimes",
                "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"));
        }

        if (due + CronJobTimes.Deadline(job) < now)
        {
            var time = due.UtcDateTime.ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture);
            events.Add(EventNote.Warning(
                job, "MissSchedule", $"Missed scheduled time to start a job: {time}"));
            return null;
        }

        if (job.Status.Active?.Any(a => a.Name == NameOf(job, due)) == true
            || job.Status.LastScheduleTime == due.UtcDateTime)
        {
            return null;
        }

        if (job.Spec.ConcurrencyPolicy == "Forbid" && job.Status.Active is { Count: > 0 })
        {
            events.Add(EventNote.Normal(
                job,
                "JobAlreadyActive",
                "Not starting job because prior execution is running and concurrency policy is Forbid"));
            return null;
        }

        return due;
    }

    private static V1Job NewJob(V1CronJob job, DateTimeOffset due)
    {
        var (template, zone) = (job.Spec.JobTemplate, job.Spec.TimeZone);
        var local = zone is null ? due.ToUniversalTime() : CronSchedule.InZone(due, zone);
        var shown = local.ToString(
            local.Offset == TimeSpan.Zero ? "yyyy-MM-dd'T'HH:mm:ss'Z'" : "yyyy-MM-dd'T'HH:mm:sszzz",
            CultureInfo.InvariantCulture);
        return new V1Job
        {
            Metadata = new V1ObjectMeta
            {
                Name = NameOf(job, due),
                NamespaceProperty = job.Metadata.NamespaceProperty,
                Labels = template.Metadata?.Labels,
                Annotations = new Dictionary<string, string>(
                    template.Metadata?.Annotations ?? new Dictionary<string, string>(), StringComparer.Ordinal)
                {
                    [ScheduledTimestamp] = shown,
                },
                OwnerReferences = [job.ControllerReference()],
            },
            Spec = template.Spec,
        };
    }
}
