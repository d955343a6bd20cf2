using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Batch.Jobs;

/// <summary>The status of a Job, and the counting of its pods; see <see cref="JobCount"/>.</summary>
internal static class JobCounter
{
    /// <summary>Most pods that wait to be counted at a time: their uids are in the status.</summary>
    public const int MaxUncounted = 500;

    /// <summary>The first half: what is known now, and which pods may go.</summary>
    /// <param name="view">The Job and its pods.</param>
    /// <param name="end">How the Job ends, now or when none of its pods is active; null while it goes on.</param>
    /// <param name="isManaged">Pods come and go by the Job's will, so it is either suspended or not.</param>
    /// <param name="now">The time.</param>
    public static JobCount Compute(JobView view, JobEnd? end, bool isManaged, DateTimeOffset now)
    {
        var tracked = view.Pods.Where(p => p.IsTracked).Select(p => p.Uid).ToHashSet(StringComparer.Ordinal);
        var status = Counted(view.Status, tracked) with
        {
            Active = ZeroIsAbsent(view.Active.Count),
            Ready = view.Active.Count(p => p.Facts.IsReady),
            Terminating = view.Terminating,
            StartTime = view.Status.StartTime ?? (view.IsSuspended ? null : now.UtcDateTime),
        };
        var over = view.Active.Count == 0 ? end : null;
        var untrack = CountEnded(view, end, over is not null, status.UncountedTerminatedPods, out var isMore);
        if (view.IsIndexed)
        {
            status.Succeeded = ZeroIsAbsent(view.Succeeded.Count);
            status.CompletedIndexes = view.Succeeded.Count == 0 ? null : view.Succeeded.ToString();
            status.FailedIndexes = view.Failed?.ToString();
        }

        var conditions = view.Status.Conditions?.ToList() ?? [];
        if (end is not null)
        {
            JobConditions.Set(conditions, end.Announced, holds: true, end.Reason, end.Message, now);
        }

        var events = isManaged ? Suspend(view, status, conditions, now) : [];
        status.Conditions = conditions.Count == 0 ? null : conditions;
        return new JobCount
        {
            Status = status, Untrack = untrack, Tracked = tracked, End = over, IsMore = isMore, Events = events,
        };
    }

    /// <summary>
    /// The second half: the status when these pods have lost the finalizer. When none is left that runs or is not
    /// counted, it has the condition which ends the Job.
    /// </summary>
    public static V1JobStatus Settle(JobCount count, IReadOnlySet<string> untracked, DateTimeOffset now)
    {
        var status = Counted(count.Status, [.. count.Tracked.Except(untracked)]);
        if (count.End is not { } end || count.IsMore || status.Terminating > 0
            || status.UncountedTerminatedPods is { Succeeded.Count: > 0 } or { Failed.Count: > 0 })
        {
            return status;
        }

        var conditions = status.Conditions.ToList();
        JobConditions.Set(conditions, end.Final, holds: true, end.Reason, end.Message, now);
        status.Conditions = conditions;
        status.CompletionTime = end.IsSuccess ? now.UtcDateTime : null;
        return status;
    }

    /// <summary>What is told of a Job that has just ended.</summary>
    public static IEnumerable<EventNote> EventsOfEnd(V1Job job, JobEnd end, V1JobStatus status)
    {
        if (!end.IsSuccess)
        {
            yield return EventNote.Warning(job, end.Reason, end.Message);
            yield break;
        }

        if (status.Succeeded > job.Spec.Completions)
        {
            const string message = "Too many succeeded pods running after completion count reached";
            yield return EventNote.Warning(job, "TooManySucceededPods", message);
        }

        yield return EventNote.Normal(job, "Completed", "Job completed");
    }

    /// <summary>A copy in which uids of pods without the finalizer have become numbers.</summary>
    private static V1JobStatus Counted(V1JobStatus status, HashSet<string> tracked)
    {
        var uncounted = status.UncountedTerminatedPods;
        var succeeded = uncounted?.Succeeded?.Where(tracked.Contains).ToList() ?? [];
        var failed = uncounted?.Failed?.Where(tracked.Contains).ToList() ?? [];
        return status with
        {
            Succeeded = ZeroIsAbsent(
                (status.Succeeded ?? 0) + (uncounted?.Succeeded?.Count ?? 0) - succeeded.Count),
            Failed = ZeroIsAbsent((status.Failed ?? 0) + (uncounted?.Failed?.Count ?? 0) - failed.Count),
            UncountedTerminatedPods = new V1UncountedTerminatedPods { Succeeded = succeeded, Failed = failed },
        };
    }

    private static List<JobPod> CountEnded(
        JobView view, JobEnd? end, bool isOver, V1UncountedTerminatedPods uncounted, out bool isMore)
    {
        var untrack = new List<JobPod>();
        var indexes = new HashSet<int>();
        foreach (var pod in view.Pods.Where(p => p.IsTracked && (isOver || MayGo(view, end, p))))
        {
            untrack.Add(pod);
            if (view.IsUncounted(pod) || !view.IsInRange(pod))
            {
                continue;
            }

            if (pod.IsSucceeded)
            {
                CountSuccess(view, pod, indexes, uncounted);
            }
            else if (IsFailure(view, end, pod) && view.PolicyOf(pod).Counts)
            {
                uncounted.Failed.Add(pod.Uid);
            }

            if (indexes.Count + uncounted.Succeeded.Count + uncounted.Failed.Count >= MaxUncounted)
            {
                isMore = true;
                return untrack;
            }
        }

        isMore = false;
        return untrack;
    }

    /// <summary>The index itself says that a success is counted: no uid is needed.</summary>
    private static void CountSuccess(
        JobView view, JobPod pod, HashSet<int> indexes, V1UncountedTerminatedPods uncounted)
    {
        if (!view.IsIndexed)
        {
            uncounted.Succeeded.Add(pod.Uid);
        }
        else if (!view.SucceededBefore.Contains(pod.Index))
        {
            indexes.Add(pod.Index);
        }
    }

    /// <summary>
    /// A failed pod waits for its replacement, unless the Job ends: later nobody could tell that it had failed before.
    /// </summary>
    private static bool MayGo(JobView view, JobEnd? end, JobPod pod) =>
        view.IsBeingDeleted || pod.IsSucceeded || (view.IsFailed(pod)
            && (end is not null || !view.Replaceable.TryGetValue(pod.Index, out var last) || last != pod));

    /// <summary>
    /// Pods that are stopped because the Job has failed are failures; those that are stopped because it has succeeded,
    /// which is announced before, are nothing.
    /// </summary>
    private static bool IsFailure(JobView view, JobEnd? end, JobPod pod) =>
        end is { IsSuccess: false } || (end is not null && view.IsEnding
            ? pod.Facts.Phase == Core.Pods.PodPhase.Failed
            : view.IsFailed(pod));

    /// <summary>A Job that resumes starts anew, since its deadline counts the time that it runs.</summary>
    private static List<EventNote> Suspend(
        JobView view, V1JobStatus status, List<V1JobCondition> conditions, DateTimeOffset now)
    {
        var (reason, message) = view.IsSuspended ? ("JobSuspended", "Job suspended") : ("JobResumed", "Job resumed");
        if (!JobConditions.Set(conditions, JobConditions.Suspended, view.IsSuspended, reason, message, now))
        {
            return [];
        }

        status.StartTime = view.IsSuspended ? null : now.UtcDateTime;
        return [EventNote.Normal(view.Job, view.IsSuspended ? "Suspended" : "Resumed", message)];
    }

    private static int? ZeroIsAbsent(int count) => count == 0 ? null : count;
}
