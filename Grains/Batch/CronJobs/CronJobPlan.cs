using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Batch.CronJobs;

/// <summary>
/// What a CronJob must do, in this order: each step can be repeated, and the rest left for the next time.
/// </summary>
public sealed record CronJobPlan
{
    /// <summary>
    /// What is true of the Jobs that there are; equal to the present one when there is nothing to write.
    /// </summary>
    public required V1CronJobStatus Status { get; init; }

    public IReadOnlyList<EventNote> Events { get; init; } = [];

    /// <summary>
    /// Unfinished Jobs that are not in the status: made by somebody else, or by a step that ended too early. The one
    /// of the run that is due is none of them, since this step finds it.
    /// </summary>
    public IReadOnlyList<V1Job> Unexpected { get; init; } = [];

    /// <summary>Finished Jobs beyond the limits of the history.</summary>
    public IReadOnlyList<V1Job> Expired { get; init; } = [];

    /// <summary>The run that is due; null when none is.</summary>
    public CronJobRun? Run { get; init; }

    /// <summary>When the next run is due; null when nothing will happen by itself.</summary>
    public TimeSpan? After { get; init; }
}

/// <summary>A run of a CronJob.</summary>
/// <param name="Scheduled">When it was to begin.</param>
/// <param name="Job">Its Job.</param>
/// <param name="Replaced">Jobs that must go before.</param>
public sealed record CronJobRun(DateTimeOffset Scheduled, V1Job Job, IReadOnlyList<V1ObjectReference> Replaced);
