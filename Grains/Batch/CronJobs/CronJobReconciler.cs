using k8s.Models;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Batch.CronJobs;

/// <summary>
/// Starts the Jobs of one CronJob. The name of a Job says which run it is, so a run that was started by a step which
/// then ended too early is found, and not started twice.
/// </summary>
public sealed class CronJobReconciler : IObjectReconciler
{
    /// <summary>The user and the component of events.</summary>
    public const string Controller = "cronjob-controller";

    private readonly ObjectKey _key;
    private readonly IResourceClient _client;
    private readonly EventRecorder _events;
    private readonly TimeProvider _time;

    /// <summary>Uids of unexpected Jobs that were told of: once is enough, and events are rationed.</summary>
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);

    private readonly ScheduleChange _schedule = new();

    public CronJobReconciler(ObjectKey key, ReconcilingServices services)
    {
        _key = key;
        _client = services.Client.As(UserIdentity.Controller(Controller));
        _events = services.Events.For(Controller);
        _time = services.Time;
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync<V1CronJob>(_key, ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"cronjob {_key}") is not { } job)
        {
            return ReconcileResult.Done;
        }

        var query = ResourceOf<V1Job>.Query(_key.Namespace) with
        {
            OwnerUid = job.Metadata.Uid, Freshness = ReadFreshness.Linearizable,
        };
        var owned = await _client.ListAsync(query, cancellationToken);
        var jobs = owned.Items.Where(i => i.Metadata.Controller?.Uid == job.Metadata.Uid)
            .Select(i => i.As<V1Job>()).ToList();
        var now = _time.GetUtcNow();
        var waits = _schedule.MustWait(job, now);
        var plan = CronJobPlanner.Compute(job, jobs, now, waits);
        if (waits && plan.After is { } after)
        {
            _schedule.WaitUntil(now + after - CronJobTimes.Padding);
        }

        Tell(job, plan);
        if (await WriteStatusAsync(job, plan.Status, cancellationToken) is not { } written)
        {
            return ReconcileResult.Done;
        }

        foreach (var expired in plan.Expired)
        {
            await DeleteAsync(job, expired.Metadata.Name, expired.Metadata.Uid, cancellationToken);
        }

        if (plan.Run is { } run)
        {
            await StartAsync(written, run, cancellationToken);
        }

        return new ReconcileResult(plan.After);
    }

    private void Tell(V1CronJob job, CronJobPlan plan)
    {
        _told.IntersectWith(plan.Unexpected.Select(j => j.Metadata.Uid));
        _events.Record(plan.Unexpected.Where(j => _told.Add(j.Metadata.Uid)).Select(j => EventNote.Warning(
            job,
            "UnexpectedJob",
            $"Saw a job that the controller did not create or forgot: {j.Metadata.Name}")));
        _events.Record(plan.Events);
    }

    private async Task StartAsync(V1CronJob job, CronJobRun run, CancellationToken cancellationToken)
    {
        foreach (var replaced in run.Replaced)
        {
            if (!await DeleteAsync(job, replaced.Name, replaced.Uid, cancellationToken))
            {
                throw new ReconcileException($"could not replace job {_key.Namespace}/{replaced.Name}");
            }
        }

        var (created, refused) = await CreateAsync(job, run, cancellationToken);
        var status = job.Status ?? new V1CronJobStatus();
        List<V1ObjectReference> active =
            [.. status.Active?.Where(a => run.Replaced.All(r => r.Uid != a.Uid)) ?? []];
        if (created is not null)
        {
            active.Add(ReferenceTo(created));
        }

        // What was replaced is gone, also when nothing takes its place.
        await WriteStatusAsync(
            job,
            status with
            {
                Active = active.Count == 0 ? null : active,
                LastScheduleTime = created is null ? status.LastScheduleTime : run.Scheduled.UtcDateTime,
            },
            cancellationToken);
        if (refused is not null)
        {
            throw ReconcileException.Of($"job of cronjob {_key}", refused);
        }
    }

    /// <summary>
    /// The Job of the run, new or from an earlier attempt; none when its name is another's, or when it is refused. With
    /// another's the run is over, and the next one begins in time; upstream does not look again by itself then, but
    /// when something happens to the CronJob or its Jobs.
    /// </summary>
    private async Task<(V1Job? Created, Status? Refused)> CreateAsync(
        V1CronJob job, CronJobRun run, CancellationToken cancellationToken)
    {
        var body = run.Job;
        var created = await _client.CreateAsync(body, cancellationToken);
        if (created.Succeeded)
        {
            CronJobMeter.Started(_time.GetUtcNow() - run.Scheduled);
            _events.Record(EventNote.Normal(job, "SuccessfulCreate", $"Created job {body.Metadata.Name}"));
            return (created.Value.As<V1Job>(), null);
        }

        if (created.Error.Reason == StatusReasons.AlreadyExists)
        {
            var found = await _client.GetAsync(
                WellKnown.Jobs, body.Key(), ReadFreshness.Linearizable, cancellationToken);
            if (!found.Succeeded)
            {
                return (null, found.Error);
            }

            return found.Value.Metadata.Controller?.Uid == job.Metadata.Uid
                ? (found.Value.As<V1Job>(), null)
                : default;
        }

        if (!created.Error.IsNamespaceTerminating())
        {
            _events.Record(EventNote.Warning(job, "FailedCreate", $"Error creating job: {created.Error.Message}"));
        }

        return (null, created.Error);
    }

    /// <summary>True when the Job is gone or goes.</summary>
    private async Task<bool> DeleteAsync(V1CronJob job, string name, string uid, CancellationToken cancellationToken)
    {
        var deleted = await _client.DeleteAsync(
            new DeleteRequest
            {
                Resource = WellKnown.Jobs,
                Key = new ObjectKey(_key.Namespace, name),
                Uid = uid,
                PropagationPolicy = "Background",
            },
            cancellationToken);
        if (deleted.Succeeded)
        {
            _events.Record(EventNote.Normal(job, "SuccessfulDelete", $"Deleted job {name}"));
            return true;
        }

        if (deleted.Error.Reason is StatusReasons.NotFound or StatusReasons.Conflict)
        {
            return true;
        }

        _events.Record(EventNote.Warning(job, "FailedDelete", $"Deleted job: {deleted.Error.Message}"));
        return false;
    }

    /// <summary>The CronJob as it is then; null when it has gone.</summary>
    private async Task<V1CronJob?> WriteStatusAsync(
        V1CronJob job, V1CronJobStatus status, CancellationToken cancellationToken)
    {
        if (ModelShape.SemanticEquals(job.Status, status))
        {
            return job;
        }

        var written = await _client.UpdateStatusAsync(job with { Status = status }, cancellationToken);
        return written.OrNull($"status of cronjob {_key}")?.As<V1CronJob>();
    }

    private static V1ObjectReference ReferenceTo(V1Job job) => new()
    {
        ApiVersion = ResourceOf<V1Job>.ApiVersion,
        Kind = ResourceOf<V1Job>.Kind,
        Name = job.Metadata.Name,
        NamespaceProperty = job.Metadata.NamespaceProperty,
        ResourceVersion = job.Metadata.ResourceVersion,
        Uid = job.Metadata.Uid,
    };
}
