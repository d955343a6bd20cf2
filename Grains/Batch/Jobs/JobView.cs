using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;

namespace OrleansOrchestrator.Grains.Batch.Jobs;

/// <summary>What follows from a Job and its pods before anything is decided.</summary>
internal sealed class JobView
{
    private readonly HashSet<string> _uncounted;

    public JobView(V1Job job, IReadOnlyList<JobPod> pods, PodBackoff? backoff)
    {
        Job = job;
        Status = job.Status ?? new V1JobStatus();
        Pods = IsIndexed ? [.. pods.OrderBy(p => p.Index)] : pods;
        Active = [.. Pods.Where(p => p.Facts.IsActive)];
        Terminating = Pods.Count(p => p.Facts.IsTerminating && !p.Facts.IsFinished);
        var uncounted = Status.UncountedTerminatedPods;
        _uncounted = [.. uncounted?.Succeeded ?? [], .. uncounted?.Failed ?? []];
        var succeeded = Pods.Where(p => IsNew(p) && p.IsSucceeded).ToList();
        var failed = Pods.Where(p => IsNew(p) && IsFailed(p)).ToList();
        FailedCount = (Status.Failed ?? 0) + (uncounted?.Failed?.Count ?? 0) + failed.Count(p => PolicyOf(p).Counts);
        SucceededCount = (Status.Succeeded ?? 0) + (uncounted?.Succeeded?.Count ?? 0) + succeeded.Count;
        if (IsIndexed)
        {
            var ended = Pods.Where(p => p.IsTracked && IsInRange(p)).ToList();
            SucceededBefore = IndexSet.Parse(Status.CompletedIndexes, Completions);
            Succeeded = SucceededBefore.With(IndexSet.Of(ended.Where(p => p.IsSucceeded).Select(p => p.Index)));
            SucceededCount = Succeeded.Count;
            Failed = LimitPerIndex is null
                ? null
                : IndexSet.Parse(Status.FailedIndexes, Completions)
                    .With(IndexSet.Of(ended.Where(FailsIndex).Select(p => p.Index)));
            Replaceable = Failed is null ? [] : FindReplaceable();
        }

        Backoff = backoff is { } known
            ? known.Next(Times(succeeded), Times(failed))
            : default(PodBackoff).Next(
                Times(Pods.Where(p => p.IsSucceeded)),
                Times(Pods.Where(p => IsFailed(p) && (p.IsTracked || p.Facts.IsFinished))));
    }

    public V1Job Job { get; }

    public V1JobSpec Spec => Job.Spec;

    public V1JobStatus Status { get; }

    /// <summary>The Job's own pods; by index when it is indexed, so that indexes are counted in order.</summary>
    public IReadOnlyList<JobPod> Pods { get; }

    public IReadOnlyList<JobPod> Active { get; }

    public int Terminating { get; }

    /// <summary>Pods or indexes that have succeeded, counted or not.</summary>
    public int SucceededCount { get; }

    /// <summary>Pods that have failed and count, counted or not.</summary>
    public int FailedCount { get; }

    public bool IsIndexed => Spec.CompletionMode == "Indexed";

    /// <summary>Of an indexed Job.</summary>
    public int Completions => Spec.Completions ?? 0;

    public int? LimitPerIndex => IsIndexed ? Spec.BackoffLimitPerIndex : null;

    public bool IsSuspended => Spec.Suspend == true;

    public bool IsBeingDeleted => Job.Metadata.DeletionTimestamp is not null;

    /// <summary>Its end is announced.</summary>
    public bool IsEnding => Status.Conditions?.Any(
        c => c is { Type: JobConditions.FailureTarget or JobConditions.SuccessCriteriaMet, Status: "True" }) == true;

    /// <summary>A terminating pod is neither a failure nor replaced before it has ended.</summary>
    public bool WaitsForTerminating => Spec.PodReplacementPolicy == "Failed" || Spec.PodFailurePolicy is not null;

    /// <summary>Indexes whose success is in the status.</summary>
    public IndexSet SucceededBefore { get; } = IndexSet.Empty;

    public IndexSet Succeeded { get; } = IndexSet.Empty;

    /// <summary>Indexes that are not tried again; null without limits per index.</summary>
    public IndexSet? Failed { get; }

    /// <summary>
    /// By index, the last failed pod of those that will be tried again: it stays until its replacement has taken over
    /// its counters.
    /// </summary>
    public IReadOnlyDictionary<int, JobPod> Replaceable { get; } = new Dictionary<int, JobPod>();

    public PodBackoff Backoff { get; }

    public bool IsUncounted(JobPod pod) => _uncounted.Contains(pod.Uid);

    public bool IsFailed(JobPod pod) =>
        pod.Facts.Phase == PodPhase.Failed || (pod.Facts.IsTerminating && !WaitsForTerminating && !pod.IsSucceeded);

    /// <summary>Has an index that counts, or needs none.</summary>
    public bool IsInRange(JobPod pod) => !IsIndexed || (pod.Index >= 0 && pod.Index < Completions);

    public PodFailurePolicy PolicyOf(JobPod pod) =>
        Spec.PodFailurePolicy is null ? default : PodFailurePolicy.Of(Spec.PodFailurePolicy, pod.Model);

    private bool IsNew(JobPod pod) => pod.IsTracked && !IsUncounted(pod) && IsInRange(pod);

    /// <summary>Pods that are stopped because the Job ends do not fail their index.</summary>
    private bool FailsIndex(JobPod pod)
    {
        if (IsEnding ? pod.Facts.Phase != PodPhase.Failed : !IsFailed(pod))
        {
            return false;
        }

        var policy = PolicyOf(pod);
        return policy.FailsIndex || (policy.Counts && pod.FailureCount >= LimitPerIndex);
    }

    private Dictionary<int, JobPod> FindReplaceable()
    {
        var active = Active.Select(p => p.Index).ToHashSet();
        return Pods
            .Where(p => p.IsTracked && IsInRange(p) && IsFailed(p) && !active.Contains(p.Index)
                && !Succeeded.Contains(p.Index) && !Failed!.Contains(p.Index))
            .GroupBy(p => p.Index)
            .ToDictionary(g => g.Key, g => g.OrderBy(p => p.Failures).ThenBy(p => p.FinishedAt).Last());
    }

    private static List<DateTimeOffset> Times(IEnumerable<JobPod> pods) => [.. pods.Select(p => p.FinishedAt)];
}
