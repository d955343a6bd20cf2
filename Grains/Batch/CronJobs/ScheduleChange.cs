using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Batch.CronJobs;

/// <summary>
/// A change of the schedule alone starts no run that the new schedule would have had by now: as upstream's controller,
/// it waits for the next one, or for whatever else happens to the CronJob. Kept in memory only.
/// </summary>
internal sealed class ScheduleChange
{
    private V1CronJob? _before;
    private string? _revision;
    private DateTimeOffset _next;

    /// <summary>True while the version that was read only brought a schedule whose next run is yet to come.</summary>
    public bool MustWait(V1CronJob job, DateTimeOffset now)
    {
        if (IsAllThatChanged(job))
        {
            (_revision, _next) = (job.Metadata.ResourceVersion, DateTimeOffset.MaxValue);
        }

        _before = job;
        return job.Metadata.ResourceVersion == _revision && now < _next;
    }

    /// <summary>The next run is due then.</summary>
    public void WaitUntil(DateTimeOffset next) => _next = next;

    /// <summary>A second write since the last look would be a reason to act.</summary>
    private bool IsAllThatChanged(V1CronJob job) =>
        _before is { } before
        && before.Metadata.Uid == job.Metadata.Uid
        && job.Metadata.Generation == before.Metadata.Generation + 1
        && (before.Spec.Schedule, before.Spec.TimeZone) != (job.Spec.Schedule, job.Spec.TimeZone)
        && ModelShape.SemanticEquals(before.Status ?? new V1CronJobStatus(), job.Status ?? new V1CronJobStatus());
}
