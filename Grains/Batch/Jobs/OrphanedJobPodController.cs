using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Batch.Jobs;

/// <summary>
/// Takes the tracking finalizer off pods that no Job will count any more: theirs has ended, has gone, or has let go of
/// them. Changes only say where to look; what is found is decided by linearizable reads.
/// </summary>
public sealed class OrphanedJobPodController : IController
{
    public const string Name = "orphaned-job-pod-controller";

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(1);

    private readonly IResourceClient _client;
    private readonly ControllersOptions _options;
    private readonly ILogger _logger;
    private readonly RetryQueue<ObjectKey> _queue;

    public OrphanedJobPodController(ReconcilingServices services)
    {
        _client = services.Client.As(UserIdentity.Controller(JobReconciler.Controller));
        _options = services.Options;
        _logger = services.Logger<OrphanedJobPodController>();
        _queue = new RetryQueue<ObjectKey>(FirstRetry, LongestRetry, services.Time);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => Loops.RunAsync(
        [
            FollowPodsAsync, FollowJobsAsync,
            token => _queue.RunAsync(1, WorkAsync, Failures.Teller<ObjectKey>(_logger, Name), token),
        ],
        cancellationToken);

    /// <inheritdoc/>
    public async Task ResyncAsync(CancellationToken cancellationToken)
    {
        var pods = await _client.ListAsync(ResourceOf<V1Pod>.Query(), cancellationToken);
        var failures = new Failures();
        foreach (var pod in pods.Items.Where(JobTracking.IsTracked))
        {
            await failures.TryAsync(() => VisitAsync(pod.Key, cancellationToken));
        }

        failures.ThrowIfAny();
    }

    /// <summary>A pod that has no Job, or whose Job went while it was made.</summary>
    private async Task FollowPodsAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _client.HearAsync(WellKnown.Pods, _options, cancellationToken))
        {
            if (change.Kind != ChangeKind.Deleted && JobTracking.IsTracked(change.Object)
                && (change.Object.Metadata.Controller is null || change.Object.Metadata.DeletionTimestamp is not null))
            {
                _queue.Add(change.Object.Key);
            }
        }
    }

    /// <summary>The pods of a Job that has gone or ended.</summary>
    private async Task FollowJobsAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _client.HearAsync(WellKnown.Jobs, _options, cancellationToken))
        {
            if (change.Kind != ChangeKind.Deleted && !HasEnded(change.Object))
            {
                continue;
            }

            var query = ResourceOf<V1Pod>.Query(change.Object.Key.Namespace) with
            {
                OwnerUid = change.Object.Uid, Freshness = ReadFreshness.Linearizable,
            };
            var pods = await _client.ListAsync(query, cancellationToken);
            foreach (var pod in pods.Items.Where(JobTracking.IsTracked))
            {
                _queue.Add(pod.Key);
            }
        }
    }

    private async Task<TimeSpan?> WorkAsync(ObjectKey pod, CancellationToken cancellationToken)
    {
        await VisitAsync(pod, cancellationToken);
        return null;
    }

    private async Task VisitAsync(ObjectKey pod, CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync(WellKnown.Pods, pod, ReadFreshness.Linearizable, cancellationToken);
        read.ThrowIfRefused($"pod {pod}", StatusReasons.NotFound);
        if (read.Succeeded && JobTracking.IsTracked(read.Value)
            && await IsOrphanAsync(read.Value, cancellationToken)
            && await JobTracking.UntrackAsync(_client, read.Value, cancellationToken) is { } refused)
        {
            throw ReconcileException.Of($"finalizer of pod {pod}", refused);
        }
    }

    private async Task<bool> IsOrphanAsync(ResourceObject pod, CancellationToken cancellationToken)
    {
        if (pod.Metadata.Controller is not { } owner)
        {
            return true;
        }

        if (owner is not { Kind: "Job", ApiVersion: "batch/v1" })
        {
            return false;
        }

        var job = await _client.GetAsync(
            WellKnown.Jobs,
            new ObjectKey(pod.Key.Namespace, owner.Name),
            ReadFreshness.Linearizable,
            cancellationToken);
        return job.OrNull($"job of pod {pod.Key}") is not { } found || found.Uid != owner.Uid || HasEnded(found);
    }

    /// <summary>Ended under this cluster's controller: another one counts as it likes.</summary>
    private static bool HasEnded(ResourceObject item)
    {
        var job = item.As<V1Job>();
        return JobReconciler.IsOwn(job) && JobConditions.End(job.Status) is not null;
    }
}
