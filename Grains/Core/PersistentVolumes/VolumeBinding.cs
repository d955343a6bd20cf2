using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.PersistentVolumes;

/// <summary>The first half of a binding, which both the binder and the scheduler may write.</summary>
internal static class VolumeBinding
{
    /// <summary>Makes the volume the claim's; false when it is already.</summary>
    public static bool Reserve(V1PersistentVolume volume, V1PersistentVolumeClaim claim)
    {
        var wasReserved = VolumeMatch.IsFor(volume, claim);
        if (wasReserved && volume.Spec.ClaimRef.Uid == claim.Metadata.Uid)
        {
            return false;
        }

        volume.Spec.ClaimRef = Reference(claim);
        if (!wasReserved)
        {
            volume.SetAnnotation(VolumeAnnotations.BoundByController, VolumeAnnotations.Yes);
        }

        return true;
    }

    /// <summary>What a claim shows as its capacity when it is bound to the volume.</summary>
    public static IDictionary<string, ResourceQuantity> CapacityOf(V1PersistentVolume volume) =>
        volume.GetAnnotation(VolumeAnnotations.PreResizeCapacity) is { } before
        && Quantity.TryParse(before, out var size)
            ? new Dictionary<string, ResourceQuantity>(volume.Spec.Capacity) { ["storage"] = size.ToModel() }
            : volume.Spec.Capacity;

    /// <summary>How a volume names its claim.</summary>
    public static V1ObjectReference Reference(V1PersistentVolumeClaim claim) => new()
    {
        ApiVersion = ResourceOf<V1PersistentVolumeClaim>.ApiVersion,
        Kind = ResourceOf<V1PersistentVolumeClaim>.Kind,
        Name = claim.Metadata.Name,
        NamespaceProperty = claim.Metadata.NamespaceProperty,
        ResourceVersion = claim.Metadata.ResourceVersion,
        Uid = claim.Metadata.Uid,
    };
}
