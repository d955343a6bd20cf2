using k8s.Models;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.PersistentVolumes;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>Lets a claim grow only when it is bound and its class says that its volumes can.</summary>
public sealed class ClaimResizePlugin(ObjectReader reader) : IAdmissionPlugin
{
    public string Name => "PersistentVolumeClaimResize";

    public bool Handles(AdmissionAttributes attributes) =>
        attributes.Operation == AdmissionOperation.Update && attributes.IsFor(WellKnown.PersistentVolumeClaims);

    public async ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var claim = (V1PersistentVolumeClaim)attributes.Object!;
        var old = (V1PersistentVolumeClaim)attributes.OldObject!;
        if (SizeOf(claim) <= SizeOf(old))
        {
            return null;
        }

        if (old.Status?.Phase != "Bound")
        {
            return AdmissionRefusals.Forbidden(attributes, "Only bound persistent volume claims can be expanded");
        }

        return await CanGrowAsync(ClassOf(claim), ClassOf(old), cancellationToken)
            ? null
            : AdmissionRefusals.Forbidden(
                attributes,
                "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must " +
                "support resize");
    }

    private async ValueTask<bool> CanGrowAsync(string name, string old, CancellationToken cancellationToken)
    {
        if (name.Length == 0 || name != old)
        {
            return false;
        }

        var found = await reader.FindAsync<V1StorageClass>(
            WellKnown.StorageClasses, new ObjectKey("", name), cancellationToken);
        return found?.AllowVolumeExpansion == true;
    }

    private static string ClassOf(V1PersistentVolumeClaim claim) =>
        claim.GetAnnotation(PersistentVolumeStrategy.BetaClassAnnotation) ?? claim.Spec.StorageClassName ?? "";

    private static Quantity SizeOf(V1PersistentVolumeClaim claim) =>
        claim.Spec.Resources?.Requests?.TryGetValue("storage", out var size) == true
            ? Quantity.Of(size)
            : Quantity.Zero;
}
