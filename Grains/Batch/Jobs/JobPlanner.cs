using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Batch.Jobs;

/// <summary>The decisions of a Job: which pods come and go, and when it has ended, and how.</summary>
public static class JobPlanner
{
    /// <summary>Most creates or deletes of one step.</summary>
    public const int Burst = 500;

    /// <summary>What to do now.</summary>
    public static JobPlan Compute(JobObserved observed, DateTimeOffset now)
    {
        var (job, uid) = (observed.Job, observed.Job.Metadata.Uid);
        var selector = LabelSelector.Of(job.Spec.Selector);
        var isBeingDeleted = job.Metadata.DeletionTimestamp is not null;
        bool IsSelected(JobPod pod) => selector.Matches(pod.Facts.Labels);
        var owned = observed.Pods.Where(p => p.Facts.ControllerUid == uid && (isBeingDeleted || IsSelected(p)));
        var view = new JobView(job, [.. owned], observed.Backoff);
        var plan = ComputePods(view, now) with { Backoff = view.Backoff };
        return isBeingDeleted ? plan : plan with
        {
            Adopt = [.. observed.Pods.Where(
                p => p.Facts.ControllerUid.Length == 0 && IsSelected(p) && !p.Facts.IsTerminating)],
            Release = [.. observed.Pods.Where(p => p.Facts.ControllerUid == uid && !IsSelected(p))],
        };
    }

    private static JobPlan ComputePods(JobView view, DateTimeOffset now)
    {
        var end = FindEnd(view, now);
        if (end is not null)
        {
            // What has not been announced could not be found again once pods are gone.
            var isAnnounced = JobConditions.FindTrue(view.Status, end.Announced) is not null;
            return new JobPlan
            {
                Delete = isAnnounced ? view.Active : [],
                DeleteCounts = true,
                Count = JobCounter.Compute(view, end, isManaged: false, now),
                After = view.Active.Count > 0 ? TimeSpan.Zero : null,
            };
        }

        var pods = view.IsBeingDeleted ? new Pods() : Manage(view, now);
        if (pods.IsNone && IsComplete(view))
        {
            end = new JobEnd(true, "CompletionsReached", "Reached expected number of succeeded pods");
        }

        return new JobPlan
        {
            Delete = pods.Delete,
            Create = pods.Create,
            Count = JobCounter.Compute(view, end, isManaged: end is null && !view.IsBeingDeleted, now),
            After = Sooner(pods.After, end is null ? UntilDeadline(view, now) : null),
        };
    }

    /// <summary>How the Job ends although not all of its completions are there; what was announced stays.</summary>
    private static JobEnd? FindEnd(JobView view, DateTimeOffset now)
    {
        var (spec, status) = (view.Spec, view.Status);
        if ((JobConditions.FindTrue(status, JobConditions.SuccessCriteriaMet)
            ?? JobConditions.FindTrue(status, JobConditions.FailureTarget)) is { } announced)
        {
            var isSuccess = announced.Type == JobConditions.SuccessCriteriaMet;
            return new JobEnd(isSuccess, announced.Reason ?? "", announced.Message ?? "");
        }

        if (FindFailJob(view) is { } message)
        {
            return Failure("PodFailurePolicy", message);
        }

        if (view.FailedCount > (spec.BackoffLimit ?? int.MaxValue) || HasRestartedTooOften(view))
        {
            return Failure("BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }

        if (UntilDeadline(view, now) <= TimeSpan.Zero)
        {
            return Failure("DeadlineExceeded", "Job was active longer than specified deadline");
        }

        return FindFailedIndexes(view)
            ?? (view.IsIndexed && SuccessPolicy.Match(spec.SuccessPolicy, view.Completions, view.Succeeded) is { } met
                ? new JobEnd(true, "SuccessPolicy", met)
                : null);
    }

    private static JobEnd Failure(string reason, string message) => new(false, reason, message);

    private static string? FindFailJob(JobView view) => view.Spec.PodFailurePolicy is null
        ? null
        : view.Pods.Where(view.IsFailed).Select(p => view.PolicyOf(p).Message).FirstOrDefault(m => m is not null);

    /// <summary>Containers that are restarted in place count as retries too.</summary>
    private static bool HasRestartedTooOften(JobView view)
    {
        if (view.Spec.Template.Spec.RestartPolicy != "OnFailure")
        {
            return false;
        }

        var restarts = view.Pods
            .Where(p => p.Facts.Phase is PodPhase.Running or PodPhase.Pending)
            .Select(p => p.Model.Status)
            .SelectMany(s => (s?.InitContainerStatuses ?? []).Concat(s?.ContainerStatuses ?? []))
            .Sum(s => s.RestartCount);
        return restarts > 0 && restarts >= view.Spec.BackoffLimit;
    }

    private static TimeSpan? UntilDeadline(JobView view, DateTimeOffset now) =>
        view.Spec.ActiveDeadlineSeconds is { } seconds && !view.IsSuspended
            ? (view.Status.StartTime ?? now.UtcDateTime) + Periods.Of(seconds) - now.UtcDateTime
            : null;

    private static JobEnd? FindFailedIndexes(JobView view)
    {
        if (view.Failed is not { } failed)
        {
            return null;
        }

        if (failed.Count > view.Spec.MaxFailedIndexes)
        {
            return Failure(
                "MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
        }

        return failed.Count > 0 && failed.Count + view.Succeeded.Count >= view.Completions
            ? Failure("FailedIndexes", "Job has failed indexes")
            : null;
    }

    /// <summary>
    /// Without a number of completions, one success says that the work is done, and the other pods may finish.
    /// </summary>
    private static bool IsComplete(JobView view) => view.Active.Count == 0
        && (view.Spec.Completions is { } completions
            ? view.SucceededCount >= completions
            : view.SucceededCount > 0);

    /// <summary>Pods to delete, else pods to create: never both in one step.</summary>
    private static Pods Manage(JobView view, DateTimeOffset now)
    {
        var active = view.Active.Count;
        var wanted = view.IsSuspended ? 0 : Wanted(view);
        var delete = ForRemoval(view, Math.Max(0, active - wanted));
        if (delete.Count > 0 || view.IsSuspended)
        {
            return new Pods { Delete = [.. delete.Take(Burst)] };
        }

        var missing = wanted - active - (view.WaitsForTerminating ? view.Terminating : 0);
        if (missing <= 0)
        {
            return new Pods();
        }

        if (view.LimitPerIndex is not null)
        {
            return ReplaceIndexes(view, Math.Min(missing, Burst), now);
        }

        if (view.Backoff.Remaining(now) is var delay && delay > TimeSpan.Zero)
        {
            return new Pods { After = delay };
        }

        missing = Math.Min(missing, Burst);
        return new Pods
        {
            Create = view.IsIndexed
                ? [.. Pending(view).Take(missing).Select(i => new NewJobPod(i, null))]
                : [.. Enumerable.Repeat(new NewJobPod(JobPod.NoIndex, null), missing)],
        };
    }

    private static int Wanted(JobView view)
    {
        var parallelism = view.Spec.Parallelism ?? 1;
        return view.Spec.Completions is { } completions
            ? Math.Clamp(completions - view.SucceededCount, 0, parallelism)
            : view.SucceededCount > 0 ? view.Active.Count : parallelism;
    }

    /// <summary>Each index waits for itself; those that may begin do.</summary>
    private static Pods ReplaceIndexes(JobView view, int count, DateTimeOffset now)
    {
        var create = new List<NewJobPod>();
        TimeSpan? after = null;
        foreach (var index in Pending(view).Take(count))
        {
            var replaced = view.Replaceable.GetValueOrDefault(index);
            var delay = replaced is null
                ? TimeSpan.Zero
                : new PodBackoff(replaced.Failures, replaced.FinishedAt).Remaining(now);
            if (delay > TimeSpan.Zero)
            {
                after = Sooner(after, delay);
            }
            else
            {
                create.Add(new NewJobPod(index, replaced));
            }
        }

        return new Pods { Create = create, After = after };
    }

    /// <summary>Indexes that need a pod, ascending.</summary>
    private static IEnumerable<int> Pending(JobView view)
    {
        var busy = view.Pods
            .Where(p => p.Index >= 0 && (p.Facts.IsActive || (view.WaitsForTerminating && IsTerminating(p))))
            .Select(p => p.Index);
        return view.Succeeded.With(view.Failed ?? IndexSet.Empty).With(IndexSet.Of(busy)).Missing(view.Completions);
    }

    private static bool IsTerminating(JobPod pod) => pod.Facts is { IsTerminating: true, IsFinished: false };

    /// <summary>
    /// Of an indexed Job, pods without an index that counts and all but the best of each index; then those that are
    /// missed least, up to a number.
    /// </summary>
    private static List<JobPod> ForRemoval(JobView view, int atLeast)
    {
        if (atLeast == 0 && !view.IsIndexed)
        {
            return [];
        }

        List<JobPod> remove = [], left = [];
        foreach (var same in view.IsIndexed ? view.Active.GroupBy(p => view.IsInRange(p) ? p.Index : -1) : [])
        {
            var surplus = same.Key < 0 ? same.Count() : same.Count() - 1;
            var removed = First(same, surplus);
            remove.AddRange(removed);
            left.AddRange(same.Except(removed));
        }

        var more = Math.Max(0, atLeast - remove.Count);
        remove.AddRange(First(view.IsIndexed ? left : view.Active, more));
        return remove;
    }

    private static List<JobPod> First(IEnumerable<JobPod> pods, int count)
    {
        var byFacts = pods.ToDictionary(p => p.Facts);
        return [.. PodDeletionOrder.FirstPlain([.. byFacts.Keys], count).Select(f => byFacts[f])];
    }

    private static TimeSpan? Sooner(TimeSpan? a, TimeSpan? b) => a is null || b < a ? b : a;

    /// <summary>What is to happen to pods.</summary>
    private sealed record Pods
    {
        public IReadOnlyList<JobPod> Delete { get; init; } = [];

        public IReadOnlyList<NewJobPod> Create { get; init; } = [];

        public TimeSpan? After { get; init; }

        public bool IsNone => Delete.Count == 0 && Create.Count == 0;
    }
}
