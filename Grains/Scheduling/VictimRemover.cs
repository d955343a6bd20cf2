using System.Threading.Channels;
using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>A pod that others must make room for.</summary>
/// <param name="Pod">The pod.</param>
/// <param name="Plan">Who must go.</param>
/// <param name="Note">What is said of the pod; where room is made is its nomination.</param>
internal sealed record Removal(PodInfo Pod, PreemptionPlan Plan, SchedulingNote Note);

/// <summary>
/// Carries preemptions out, beside scheduling: first it is stored where the pod is to go, so that a scheduler that
/// starts anew does not make room twice; then the victims go. Who is not bound yet need not be removed for that.
/// </summary>
/// <param name="client">The API.</param>
/// <param name="reporter">Tells of it.</param>
/// <param name="tryCancel">Calls a binding off, if it is not too late for that.</param>
/// <param name="maxInFlight">So many preemptions may be under way.</param>
/// <param name="time">The time.</param>
/// <param name="logger">Told what fails.</param>
internal sealed partial class VictimRemover(
    IResourceClient client,
    SchedulingReporter reporter,
    Func<PodInfo, bool> tryCancel,
    int maxInFlight,
    TimeProvider time,
    ILogger logger)
{
    private const string Reason = "PreemptionByScheduler";

    /// <summary>Preemptions under way, and victims of one that go at one time.</summary>
    private const int Parallelism = 16;

    private readonly Channel<Removal> _removals = Channel.CreateBounded<Removal>(maxInFlight);

    /// <summary>The caller has at most the given number of them in flight, so there is room.</summary>
    public void Start(Removal removal) => Invariant.Check(
        _removals.Writer.TryWrite(removal), "preemptions in flight are bounded", removal.Pod.Key);

    /// <param name="finished">Told whether all victims are on their way out.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task RunAsync(
        Func<PodInfo, bool, CancellationToken, ValueTask> finished, CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, Parallelism).Select(async _ =>
        {
            await foreach (var removal in _removals.Reader.ReadAllAsync(cancellationToken))
            {
                await finished(removal.Pod, await TryRemoveAsync(removal, cancellationToken), cancellationToken);
            }
        }));

    private async Task<bool> TryRemoveAsync(Removal removal, CancellationToken cancellationToken)
    {
        try
        {
            return await RemoveAsync(removal, cancellationToken);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            LogFailed(removal.Pod.Key, failure.Message);
            return false;
        }
    }

    private async Task<bool> RemoveAsync(Removal removal, CancellationToken cancellationToken)
    {
        if (!await reporter.WriteConditionAsync(removal.Note, cancellationToken))
        {
            return false;
        }

        reporter.Failed(removal.Note with { ConditionReason = null });
        return await AllAsync(removal.Plan.Displaced, UnnominateAsync, cancellationToken)
            & await AllAsync(
                removal.Plan.Victims, (victim, token) => RemoveAsync(removal, victim, token), cancellationToken);
    }

    /// <summary>Does it for all, so many at a time; false when it failed for one.</summary>
    private static async Task<bool> AllAsync(
        IReadOnlyList<PodInfo> pods,
        Func<PodInfo, CancellationToken, Task<bool>> act,
        CancellationToken cancellationToken)
    {
        var failures = 0;
        var options =
            new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(pods, options, async (pod, token) =>
        {
            if (!await act(pod, token))
            {
                Interlocked.Increment(ref failures);
            }
        });
        return failures == 0;
    }

    private async Task<bool> UnnominateAsync(PodInfo pod, CancellationToken cancellationToken) => IsDone(
        pod,
        await client.PatchAsync(
            new PatchRequest
            {
                Resource = WellKnown.Pods,
                Key = pod.Key,
                Subresource = "status",
                Kind = PatchKind.Strategic,
                Patch = SchedulingJson.Unnominated(pod),
            },
            cancellationToken));

    private async Task<bool> RemoveAsync(Removal removal, PodInfo victim, CancellationToken cancellationToken)
    {
        if (tryCancel(victim))
        {
            Tell(removal, victim, " (in kube-scheduler memory).");
            return true;
        }

        var scheduler = removal.Pod.SchedulerName;
        var message = $"{scheduler}: preempting to accommodate a higher priority pod";
        var patch = PodDisruption.Patch(victim.Uid, victim.Generation, Reason, message, null, time.GetUtcNow());
        var evicted = await PodDisruption.EvictAsync(client, victim.Key, victim.Uid, patch, cancellationToken);
        if (!evicted.Succeeded)
        {
            return IsDone(victim, evicted);
        }

        Tell(removal, victim, "");
        return true;
    }

    private void Tell(Removal removal, PodInfo victim, string how) => reporter.Succeeded(new SchedulingNote
    {
        Pod = victim,
        Scheduler = removal.Pod.SchedulerName,
        Reason = "Preempted",
        Action = "Preempting",
        Message = $"Preempted by pod {removal.Pod.Uid} on node {removal.Note.Nomination}{how}",
    });

    /// <summary>A pod that is gone, or another of its name, needs nothing more.</summary>
    private bool IsDone(PodInfo pod, Outcome<ResourceObject> outcome)
    {
        if (outcome.Succeeded || outcome.Error.Reason is StatusReasons.NotFound or StatusReasons.Conflict)
        {
            return true;
        }

        LogFailed(pod.Key, outcome.Error.Message ?? "");
        return false;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "making room could not be finished at pod {Pod}: {Error}")]
    private partial void LogFailed(ObjectKey pod, string error);
}
