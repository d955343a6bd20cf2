using k8s.Models;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.PersistentVolumes;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Storage.StorageClasses;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>Gives a new claim that names no class the newest default one.</summary>
public sealed class DefaultStorageClassPlugin(ObjectReader reader) : IAdmissionPlugin
{
    public string Name => "DefaultStorageClass";

    public bool Handles(AdmissionAttributes attributes) =>
        attributes.Operation == AdmissionOperation.Create && attributes.IsFor(WellKnown.PersistentVolumeClaims);

    public async ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var claim = (V1PersistentVolumeClaim)attributes.Object!;
        if (claim.Spec.StorageClassName is null
            && claim.GetAnnotation(PersistentVolumeStrategy.BetaClassAnnotation) is null)
        {
            var all = await reader.ListAsync<V1StorageClass>(WellKnown.StorageClasses, "", cancellationToken);
            claim.Spec.StorageClassName = all.Where(StorageClassStrategy.IsDefault).Newest()?.Metadata.Name;
        }

        return null;
    }
}
