using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources.Batch.CronJobs;

namespace OrleansOrchestrator.Grains.Batch.CronJobs;

/// <summary>Which run of a CronJob is due, and when the next one will be.</summary>
/// <param name="Earliest">Runs after this time count.</param>
/// <param name="Latest">The last run that should have begun by now; null when there is none.</param>
/// <param name="Missed">About how many should have begun by now, when they are two or more.</param>
/// <param name="Error">Why the schedule makes no sense although it can be read.</param>
public readonly record struct CronJobTimes(
    DateTimeOffset Earliest, DateTimeOffset? Latest = null, long Missed = 0, string? Error = null)
{
    /// <summary>More missed runs than this are worth a warning.</summary>
    public const int ManyMissed = 100;

    /// <summary>Clocks differ a little: a run that is early is no run.</summary>
    public static readonly TimeSpan Padding = TimeSpan.FromMilliseconds(100);

    /// <summary>The runs between the last one, or the CronJob's creation, and now.</summary>
    public static CronJobTimes Of(V1CronJob job, CronSchedule schedule, DateTimeOffset now, bool withDeadline)
    {
        var earliest = new DateTimeOffset(
            job.Status?.LastScheduleTime ?? job.Metadata.CreationTimestamp ?? now.UtcDateTime);
        if (withDeadline && Deadline(job) is { } deadline && now - deadline > earliest)
        {
            earliest = now - deadline;
        }

        var first = schedule.Next(earliest);
        if (now < first)
        {
            return new CronJobTimes(earliest);
        }

        var second = first is null ? null : schedule.Next(first.Value);
        if (now < second)
        {
            return new CronJobTimes(earliest, first);
        }

        return second is null
            ? new CronJobTimes(earliest, Error: "time difference between two schedules is less than 1 second")
            : Count(earliest, schedule, first!.Value, second.Value - first.Value, now);
    }

    /// <summary>How late a run may begin; null when it always may.</summary>
    public static TimeSpan? Deadline(V1CronJob job) => job.Spec.StartingDeadlineSeconds is { } seconds
        ? Periods.Of(seconds)
        : null;

    /// <summary>From now to the next run.</summary>
    public static TimeSpan UntilNext(V1CronJob job, CronSchedule schedule, DateTimeOffset now)
    {
        var times = Of(job, schedule, now, withDeadline: false);
        var last = times.Latest ?? (times is { Missed: 0, Error: null } ? times.Earliest : now);
        return (schedule.Next(last) ?? now.AddDays(1)) + Padding - now;
    }

    /// <summary>
    /// Jumps, by the distance of the first two, to shortly before now: years of minutes need not be counted one by one.
    /// </summary>
    private static CronJobTimes Count(
        DateTimeOffset earliest, CronSchedule schedule, DateTimeOffset first, TimeSpan distance, DateTimeOffset now)
    {
        var missed = ((long)(now - first).TotalSeconds / (long)distance.TotalSeconds) + 1;
        DateTimeOffset? latest = null;
        for (var time = schedule.Next(first + ((missed - 2) * distance)); time <= now; time = schedule.Next(time.Value))
        {
            latest = time;
        }

        return new CronJobTimes(earliest, latest, missed);
    }
}
