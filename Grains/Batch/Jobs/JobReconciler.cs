using System.Collections.Concurrent;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Batch.Jobs;

/// <summary>
/// Runs the pods of one Job to completion, and deletes it when it has been finished for as long as it wants.
/// <para>
/// Every step begins with linearizable reads, and reads again after it has created or deleted, so the counters that it
/// writes are those of one moment, and no expectations are kept. Names of pods make repeated creates harmless
/// (<see cref="JobPodNames"/>), the order of <see cref="JobCount"/> makes counting so.
/// </para>
/// </summary>
public sealed class JobReconciler : IObjectReconciler
{
    /// <summary>The user and the component of events.</summary>
    public const string Controller = "job-controller";

    /// <summary>Deletes finished Jobs.</summary>
    public const string ExpiryController = "ttl-after-finished-controller";

    /// <summary>Value of <c>managedBy</c> that means this controller.</summary>
    private const string Own = "kubernetes.io/job-controller";

    private const int MaxFanOut = 64;

    private readonly ObjectKey _key;
    private readonly IResourceClient _client;
    private readonly IResourceClient _expiry;
    private readonly EventRecorder _events;
    private readonly KeptCursor _cursor;
    private readonly TimeProvider _time;
    private JobPodNames? _names;
    private (string Uid, PodBackoff Value)? _backoff;

    public JobReconciler(ObjectKey key, ReconcilingServices services)
    {
        _key = key;
        _client = services.Client.As(UserIdentity.Controller(Controller));
        _expiry = services.Client.As(UserIdentity.Controller(ExpiryController));
        _events = services.Events.For(Controller);
        _cursor = new KeptCursor(services.Cursors);
        _time = services.Time;
    }

    /// <summary>False for a Job whose <c>managedBy</c> names another controller.</summary>
    public static bool IsOwn(V1Job job) => job.Spec.ManagedBy is null or Own;

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync<V1Job>(_key, ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"job {_key}") is not { } job)
        {
            await ForgetAsync(cancellationToken);
            return ReconcileResult.Done;
        }

        if (JobConditions.End(job.Status) is { } end)
        {
            return await ExpireAsync(job, end, cancellationToken);
        }

        return IsOwn(job) ? await RunAsync(job, cancellationToken) : ReconcileResult.Done;
    }

    private async Task<ReconcileResult> ExpireAsync(
        V1Job job, V1JobCondition end, CancellationToken cancellationToken)
    {
        if (job.Spec.TtlSecondsAfterFinished is not { } seconds || end.LastTransitionTime is not { } ended
            || job.Metadata.DeletionTimestamp is not null)
        {
            return ReconcileResult.Done;
        }

        var left = ended.AddSeconds(seconds) - _time.GetUtcNow().UtcDateTime;
        if (left > TimeSpan.Zero)
        {
            return ReconcileResult.Again(left);
        }

        var deleted = await _expiry.DeleteAsync(
            new DeleteRequest
            {
                Resource = WellKnown.Jobs, Key = _key, Uid = job.Metadata.Uid, PropagationPolicy = "Foreground",
            },
            cancellationToken);
        deleted.ThrowIfRefused($"deletion of finished job {_key}", StatusReasons.NotFound, StatusReasons.Conflict);
        return ReconcileResult.Done;
    }

    private async Task<ReconcileResult> RunAsync(V1Job job, CancellationToken cancellationToken)
    {
        var (started, action, succeeded) = (_time.GetTimestamp(), JobMeter.Tracking, false);
        try
        {
            var result = await RunAsync(job, did => action = did, cancellationToken);
            succeeded = true;
            return result;
        }
        finally
        {
            JobMeter.Synced(job, action, succeeded, _time.GetElapsedTime(started));
        }
    }

    private async Task<ReconcileResult> RunAsync(V1Job job, Action<string> does, CancellationToken cancellationToken)
    {
        var observed = await ObserveAsync(job, cancellationToken);
        var plan = JobPlanner.Compute(observed, _time.GetUtcNow());
        if (plan.Adopt.Count > 0 || plan.Release.Count > 0)
        {
            does(JobMeter.Reconciling);
            await ClaimAsync(job, plan, cancellationToken);
            return ReconcileResult.Again(TimeSpan.Zero);
        }

        string? failure = null;
        if (!plan.IsSettled)
        {
            does(plan.Delete.Count > 0 ? JobMeter.PodsDeleted : JobMeter.PodsCreated);
            failure = await ApplyAsync(observed, plan, cancellationToken);
            observed = await ObserveAsync(job, cancellationToken);
            plan = JobPlanner.Compute(observed, _time.GetUtcNow());
        }

        var isMore = await CountAsync(observed, plan, cancellationToken);
        if (failure is not null)
        {
            throw new ReconcileException($"job {_key}: {failure}");
        }

        return isMore || !plan.IsSettled ? ReconcileResult.Again(TimeSpan.Zero) : new ReconcileResult(plan.After);
    }

    private async Task<JobObserved> ObserveAsync(V1Job job, CancellationToken cancellationToken)
    {
        var pods = await PodOwnership.ListAsync(
            _client, job.Metadata, LabelSelector.Of(job.Spec.Selector), cancellationToken);
        return new JobObserved
        {
            Job = job,
            Pods = [.. pods.Select(static p => new JobPod(p))],
            Backoff = _backoff is { } known && known.Uid == job.Metadata.Uid ? known.Value : null,
        };
    }

    private async Task ClaimAsync(V1Job job, JobPlan plan, CancellationToken cancellationToken)
    {
        foreach (var pod in plan.Adopt)
        {
            await Ownership.AdoptAsync(
                _client, WellKnown.Pods, pod.Facts.Item, job.ControllerReference(), JobTracking.Finalizer,
                cancellationToken);
        }

        foreach (var pod in plan.Release)
        {
            if (pod.IsTracked)
            {
                Expect(await JobTracking.UntrackAsync(_client, pod.Facts.Item, cancellationToken));
            }

            var uid = job.Metadata.Uid;
            var fresh = await _client.GetAsync(
                WellKnown.Pods, pod.Facts.Key, ReadFreshness.Linearizable, cancellationToken);
            if (fresh.Succeeded && fresh.Value.Uid == pod.Uid)
            {
                await Ownership.ReleaseAsync(_client, WellKnown.Pods, fresh.Value, uid, cancellationToken);
            }
        }
    }

    /// <summary>Returns what the API said when something failed.</summary>
    private async Task<string?> ApplyAsync(JobObserved observed, JobPlan plan, CancellationToken cancellationToken)
    {
        var names = await NamesAsync(observed.Job, cancellationToken);
        if (plan.Delete.Count > 0)
        {
            await _cursor.SaveAsync(names.LetGo(observed.Pods), cancellationToken);
            return await ForEachAsync(
                plan.Delete,
                (pod, token) => DeleteAsync(observed.Job, pod, plan.DeleteCounts, token),
                cancellationToken);
        }

        await _cursor.SaveAsync(names.Observe(observed.Pods), cancellationToken);
        return await CreateAsync(observed.Job, names, plan.Create, cancellationToken);
    }

    private static async Task<string?> ForEachAsync(
        IEnumerable<JobPod> pods,
        Func<JobPod, CancellationToken, Task<string?>> action,
        CancellationToken cancellationToken)
    {
        string? failure = null;
        await Parallel.ForEachAsync(
            pods,
            new ParallelOptions { MaxDegreeOfParallelism = MaxFanOut, CancellationToken = cancellationToken },
            async (pod, token) => failure = await action(pod, token) ?? failure);
        return failure;
    }

    private async Task<string?> DeleteAsync(
        V1Job job, JobPod pod, bool counts, CancellationToken cancellationToken)
    {
        if (!counts && pod.IsTracked
            && await JobTracking.UntrackAsync(_client, pod.Facts.Item, cancellationToken) is { } refused)
        {
            return refused.Message;
        }

        var deleted = await _client.DeleteAsync(
            new DeleteRequest { Resource = WellKnown.Pods, Key = pod.Facts.Key, Uid = pod.Uid }, cancellationToken);
        if (deleted.Succeeded)
        {
            _events.Record(EventNote.Normal(job, "SuccessfulDelete", $"Deleted pod: {pod.Facts.Key.Name}"));
            return null;
        }

        if (deleted.Error.Reason is StatusReasons.NotFound or StatusReasons.Conflict)
        {
            return null;
        }

        _events.Record(EventNote.Warning(job, "FailedDelete", $"Error deleting: {deleted.Error.Message}"));
        return deleted.Error.Message;
    }

    private async Task<string?> CreateAsync(
        V1Job job, JobPodNames names, IReadOnlyList<NewJobPod> pods, CancellationToken cancellationToken)
    {
        // Pods without an index share one sequence; of an index there is one pod.
        var numbers = pods.GroupBy(p => p.Index).SelectMany(g => g.Zip(names.Next(g.Key))).ToList();
        var failures = new ConcurrentQueue<string>();
        var done = new ConcurrentQueue<(int Index, int Number)>();
        await SlowStart.RunAsync(numbers.Count, 1, MaxFanOut, async i =>
        {
            var (pod, number) = numbers[i];
            var body = JobPodTemplate.Create(job, pod, names.NamesOf(pod.Index), number);
            var created = await _client.CreateAsync(body, cancellationToken);
            if (created.Succeeded)
            {
                _events.Record(EventNote.Normal(job, "SuccessfulCreate", $"Created pod: {body.Metadata.Name}"));
            }
            else if (created.Error.IsNamespaceTerminating())
            {
                return false;
            }
            else if (created.Error.Reason != StatusReasons.AlreadyExists)
            {
                _events.Record(EventNote.Warning(job, "FailedCreate", $"Error creating: {created.Error.Message}"));
                failures.Enqueue(created.Error.Message);
                return false;
            }

            // One that exists is ours, from an attempt whose answer was lost; or another's, and then the next step
            // takes the next number.
            done.Enqueue((pod.Index, number));
            return true;
        });
        foreach (var (index, number) in done)
        {
            names.Used(index, number);
        }

        return failures.FirstOrDefault();
    }

    private async ValueTask<JobPodNames> NamesAsync(V1Job job, CancellationToken cancellationToken)
    {
        var uid = job.Metadata.Uid;
        if (await _cursor.BelongToAsync(uid, cancellationToken))
        {
            _names = null;
        }

        // A Job that was never counted has not lost a pod either: its cursor is where it began.
        var isNew = job.Status?.UncountedTerminatedPods is null;
        return _names ??= new JobPodNames(
            job.Metadata.Name, uid, isNew ? _cursor.Begin() : await _cursor.LoadAsync(cancellationToken));
    }

    /// <summary>True when there is more to count.</summary>
    private async Task<bool> CountAsync(JobObserved observed, JobPlan plan, CancellationToken cancellationToken)
    {
        var (job, count) = (observed.Job, plan.Count);
        if (await WriteStatusAsync(job, count.Status, cancellationToken) is not { } written)
        {
            return false;
        }

        _backoff = (job.Metadata.Uid, plan.Backoff);
        _events.Record(count.Events);
        if (count.End is null && count.Untrack.Count > 0)
        {
            var names = await NamesAsync(job, cancellationToken);
            await _cursor.SaveAsync(names.LetGo(observed.Pods), cancellationToken);
        }

        var untracked = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        var failure = await ForEachAsync(
            count.Untrack,
            async (pod, token) =>
            {
                var refused = await JobTracking.UntrackAsync(_client, pod.Facts.Item, token);
                untracked[pod.Uid] = refused is null;
                return refused?.Message;
            },
            cancellationToken);

        // A Job that has ended is not looked at again, so it ends only when all have the finalizer off.
        count = failure is null ? count : count with { End = null };
        var settled = JobCounter.Settle(
            count, untracked.Where(p => p.Value).Select(p => p.Key).ToHashSet(), _time.GetUtcNow());
        await WriteStatusAsync(written, settled, cancellationToken);
        if (failure is not null)
        {
            throw new ReconcileException($"job {_key}: {failure}");
        }

        if (JobConditions.End(settled) is null)
        {
            return count.IsMore;
        }

        JobMeter.Finished(job, count.End!);
        _events.Record(JobCounter.EventsOfEnd(job, count.End!, settled));
        return job.Spec.TtlSecondsAfterFinished is not null;
    }

    /// <summary>The Job as it is then; null when it has gone.</summary>
    private async Task<V1Job?> WriteStatusAsync(V1Job job, V1JobStatus status, CancellationToken cancellationToken)
    {
        if (ModelShape.SemanticEquals(job.Status, status))
        {
            return job;
        }

        var written = await _client.UpdateStatusAsync(job with { Status = status }, cancellationToken);
        if (written.Succeeded)
        {
            JobMeter.Counted(job, status);
            return written.Value.As<V1Job>();
        }

        written.ThrowIfRefused($"status of job {_key}", StatusReasons.NotFound);
        return null;
    }

    private async Task ForgetAsync(CancellationToken cancellationToken)
    {
        await _cursor.BelongToAsync(null, cancellationToken);
        (_names, _backoff) = (null, null);
    }

    private void Expect(Status? refused)
    {
        if (refused is not null)
        {
            throw ReconcileException.Of($"pods of job {_key}", refused);
        }
    }
}
