using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Batch.Jobs;

/// <summary>What a Job finds.</summary>
public sealed record JobObserved
{
    public required V1Job Job { get; init; }

    /// <summary>Every pod that the Job controls, and every pod that its selector selects and nobody controls.</summary>
    public required IReadOnlyList<JobPod> Pods { get; init; }

    /// <summary>Failures up to the last step; null when nobody remembers, and then the pods tell.</summary>
    public PodBackoff? Backoff { get; init; }
}

/// <summary>
/// What a Job must do: first adopt and release, and then look again; then delete or create, and then look again; then
/// count.
/// </summary>
public sealed record JobPlan
{
    public IReadOnlyList<JobPod> Adopt { get; init; } = [];

    public IReadOnlyList<JobPod> Release { get; init; } = [];

    /// <summary>Pods to delete, at most <see cref="JobPlanner.Burst"/> unless the Job has ended.</summary>
    public IReadOnlyList<JobPod> Delete { get; init; } = [];

    /// <summary>
    /// True when what is deleted is counted afterwards, because the Job ends; else it is as if it had never been.
    /// </summary>
    public bool DeleteCounts { get; init; }

    /// <summary>Pods to create, at most <see cref="JobPlanner.Burst"/>.</summary>
    public IReadOnlyList<NewJobPod> Create { get; init; } = [];

    public required JobCount Count { get; init; }

    /// <summary>Failures, this step's included.</summary>
    public PodBackoff Backoff { get; init; }

    /// <summary>When a delay or the deadline is over.</summary>
    public TimeSpan? After { get; init; }

    /// <summary>True if the pods are as they must be.</summary>
    public bool IsSettled => Adopt.Count == 0 && Release.Count == 0 && Delete.Count == 0 && Create.Count == 0;
}

/// <summary>A pod to create.</summary>
/// <param name="Index"><see cref="JobPod.NoIndex"/> when the Job is not indexed.</param>
/// <param name="Replaced">The failed pod whose counters it takes over, with limits per index.</param>
public readonly record struct NewJobPod(int Index, JobPod? Replaced);

/// <summary>
/// How pods that have ended get into the counters, so that a crash anywhere loses and doubles none: their uids are
/// written into the status, then the finalizer goes, then counters take the place of uids.
/// </summary>
public sealed record JobCount
{
    /// <summary>To be written first; equal to the present one when there is nothing to write.</summary>
    public required V1JobStatus Status { get; init; }

    /// <summary>Pods that then lose their finalizer.</summary>
    public IReadOnlyList<JobPod> Untrack { get; init; } = [];

    /// <summary>Uids of the pods that have the finalizer now.</summary>
    public required IReadOnlySet<string> Tracked { get; init; }

    /// <summary>How the Job ends when all are counted.</summary>
    public JobEnd? End { get; init; }

    /// <summary>More have ended than one step counts.</summary>
    public bool IsMore { get; init; }

    /// <summary>To be told once the status is written.</summary>
    public IReadOnlyList<EventNote> Events { get; init; } = [];
}

/// <summary>How a Job ends.</summary>
public sealed record JobEnd(bool IsSuccess, string Reason, string Message)
{
    /// <summary>The condition that says so before the pods are gone.</summary>
    public string Announced => IsSuccess ? JobConditions.SuccessCriteriaMet : JobConditions.FailureTarget;

    /// <summary>The condition that says so for good.</summary>
    public string Final => IsSuccess ? JobConditions.Complete : JobConditions.Failed;
}
