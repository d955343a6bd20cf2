using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Volumes;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>Sets the pod's volumes up, and tells what keeps it from that.</summary>
public sealed partial class PodWorker
{
    private readonly VolumeTroubles _volumeTroubles;

    private bool VolumesAreDue() =>
        _volumesStale || _services.Volumes.NextRefresh(Uid) is { } due && due <= _services.Time.GetSteadyTime();

    private async Task<Dictionary<string, string>> SetUpVolumesAsync(
        V1Pod pod, PodRuntimeState observed, CancellationToken cancellationToken)
    {
        _volumesStale = false;
        var environment = await _services.EnvironmentAsync(pod, observed, cancellationToken);
        try
        {
            var volumes = await _services.Volumes.SetUpAsync(pod, environment, cancellationToken);
            _volumeTroubles.Clear();
            return volumes;
        }
        catch (VolumeException exception)
        {
            List<VolumeException> problems = [exception, .. exception.Further];
            foreach (var (reason, message) in _volumeTroubles.Note(problems))
            {
                _services.Events.Pod(pod, EventRecorder.Warning, reason, message);
            }

            if (problems.Find(static p => p.RejectsPod) is { } refusal)
            {
                End(new PodVerdict(refusal.Reason, PodStatusComputer.RejectionOf(refusal.Message)), null);
                cancellationToken.ThrowIfCancellationRequested();
            }

            throw;
        }
    }
}
