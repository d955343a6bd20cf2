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
            foreach (var (reason, message) in _volumeTroubles.Note([exception, .. exception.Further]))
            {
                _services.Events.Pod(pod, EventRecorder.Warning, reason, message);
            }

            throw;
        }
    }
}
