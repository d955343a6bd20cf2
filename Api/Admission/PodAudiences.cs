using k8s.Models;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// For whom the volumes of a pod ask tokens: those that it projects itself, and those that the drivers of its volumes
/// want to be given.
/// </summary>
internal sealed class PodAudiences(ObjectReader reader)
{
    /// <summary>True when a volume asks a token for an audience; empty is that of the API.</summary>
    public async ValueTask<bool> HasAsync(V1Pod pod, string audience, CancellationToken cancellationToken)
    {
        foreach (var volume in pod.Spec.Volumes ?? [])
        {
            var isProjected = (volume.Projected?.Sources ?? []).Any(
                s => s.ServiceAccountToken is { } token && (token.Audience ?? "") == audience);
            if (isProjected
                || (await DriverAsync(pod, volume, cancellationToken) is { Length: > 0 } driver
                    && await WantsAsync(driver, audience, cancellationToken)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The driver of a volume; null where it has none, or none yet.</summary>
    private async ValueTask<string?> DriverAsync(V1Pod pod, V1Volume volume, CancellationToken cancellationToken)
    {
        if (volume.Csi is { } own)
        {
            return own.Driver;
        }

        var name = volume.Ephemeral is null
            ? volume.PersistentVolumeClaim?.ClaimName
            : $"{pod.Metadata.Name}-{volume.Name}";
        if (string.IsNullOrEmpty(name))
        {
            return null;
        }

        var claim = await reader.FindAsync<V1PersistentVolumeClaim>(
            WellKnown.PersistentVolumeClaims, new ObjectKey(pod.Metadata.NamespaceProperty, name), cancellationToken);
        if (claim?.Spec.VolumeName is not { Length: > 0 } bound)
        {
            return null;
        }

        var found = await reader.FindAsync<V1PersistentVolume>(
            WellKnown.PersistentVolumes, new ObjectKey("", bound), cancellationToken);
        return found?.Spec.Csi?.Driver;
    }

    private async ValueTask<bool> WantsAsync(string driver, string audience, CancellationToken cancellationToken)
    {
        var found = await reader.FindAsync<V1CSIDriver>(
            WellKnown.CsiDrivers, new ObjectKey("", driver), cancellationToken);
        return (found?.Spec.TokenRequests ?? []).Any(r => (r.Audience ?? "") == audience);
    }
}
