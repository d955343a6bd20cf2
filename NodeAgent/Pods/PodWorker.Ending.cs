using System.ComponentModel;
using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>The last stages: stop everything, then leave nothing behind.</summary>
public sealed partial class PodWorker
{
    private static readonly TimeSpan CgroupRetry = TimeSpan.FromMilliseconds(100);
    private const int MaxCgroupTries = 50;

    private int _cgroupTries;

    /// <summary>What its last status tells of its devices, which are not its own by then.</summary>
    private Dictionary<string, IList<V1ResourceStatus>>? _lastDevices;

    private async Task TerminateAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        var grace = EndGrace(pod);
        LogEnding(pod.Display(), grace.TotalSeconds);
        _services.Probes.StopRestarting(Uid);
        var observed = await _services.Runtime.RefreshAsync(Uid, cancellationToken);
        if (observed.AnyRunning)
        {
            Publish(pod, observed);
        }

        await KillAsync(pod, observed, grace, cancellationToken);
        observed = await _services.Runtime.RefreshAsync(Uid, cancellationToken);
        if (observed.AnyRunning)
        {
            throw new InvalidOperationException("containers still run after they were stopped");
        }

        // After its containers, and before the cluster hears that they have ended, and gives what it had to others.
        _lastDevices ??= DevicesOf(pod);
        await _services.Devices.UnprepareAsync(Uid, cancellationToken);
        Publish(pod, observed, isTerminated: true);
        _ended.TrySetResult();
        _services.Allocations.NoteFreed();
    }

    private async Task KillAsync(
        V1Pod pod, PodRuntimeState observed, TimeSpan grace, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var drain = observed.AnyRunning ? TellReadinessAsync(pod, observed, ended.Token) : Task.CompletedTask;
        try
        {
            await _services.Sandboxes.KillPodAsync(pod, observed, grace, cancellationToken);
        }
        catch (RpcException failure) when (!cancellationToken.IsCancellationRequested)
        {
            _services.Events.Pod(
                pod, EventRecorder.Warning, "FailedKillPod", $"error killing pod: {CriErrors.Text(failure)}");
            throw;
        }
        finally
        {
            await ended.CancelAsync();
            await drain;
        }
    }

    /// <summary>
    /// Traffic drains while containers end: what their readiness probes find meanwhile is told at once, and, as
    /// upstream does, nothing else of them until all have ended. A wake that is taken here is not missed: the next step
    /// follows at once.
    /// </summary>
    private async Task TellReadinessAsync(V1Pod pod, PodRuntimeState observed, CancellationToken ended)
    {
        try
        {
            while (true)
            {
                await _wake.WaitAsync(ended);
                Publish(pod, observed);
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // the containers have ended, or end otherwise now
        }
    }

    /// <summary>
    /// What a pod has is free as soon as it has ended, not when its object goes, and before anybody hears of the end.
    /// </summary>
    private void Release(V1Pod pod)
    {
        try
        {
            _services.Topology.Release(Uid);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            LogNotWritten(pod.Display(), problem.Message);
        }
    }

    private TimeSpan EndGrace(V1Pod pod) => _verdictGrace ?? pod.Grace();

    private async Task<TimeSpan> CleanUpAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        var observed = _services.Runtime.Get(Uid);
        _services.Probes.Remove(observed);
        _services.Images.Forget(Uid);
        await TearDownVolumesAsync(pod, cancellationToken);
        _unmounted.TrySetResult();
        if (!_services.Cgroups.RemovePod(Uid) && _cgroupTries++ < MaxCgroupTries)
        {
            return CgroupRetry;
        }

        if (!_removed && pod.Metadata.DeletionTimestamp is null)
        {
            return Resync; // its logs can be read, and its containers looked at, as long as it exists
        }

        observed = await _services.Runtime.RefreshAsync(Uid, cancellationToken);
        await _services.Sandboxes.RemoveAllAsync(pod, observed, cancellationToken);
        if (!observed.IsEmpty)
        {
            await _services.Runtime.RefreshAsync(Uid, cancellationToken);
        }

        if (!_removed)
        {
            _services.Statuses.Finish(pod); // last: who sees the object gone finds nothing of it on the node
            return Resync;
        }

        _services.Statuses.Forget(Uid);
        LogGone(pod.Display());
        _stage = Stage.Finished;
        return TimeSpan.Zero;
    }

    /// <summary>
    /// A volume may be in use by something that is not the pod's. Then the pod stays, and says why, until it is free:
    /// the step is repeated, and others have their own workers.
    /// </summary>
    private async Task TearDownVolumesAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        try
        {
            await _services.Volumes.TearDownAsync(Uid, cancellationToken);
            _lastVolumeProblem = "";
        }
        catch (Exception exception) when (
            exception is IOException or Win32Exception or UnauthorizedAccessException or RpcException)
        {
            if (_lastVolumeProblem != exception.Message)
            {
                _lastVolumeProblem = exception.Message;
                _services.Events.Pod(
                    pod,
                    EventRecorder.Warning,
                    "FailedUnMount",
                    $"TearDown failed for volumes of the pod: {exception.Message}");
            }

            throw;
        }
    }
}
