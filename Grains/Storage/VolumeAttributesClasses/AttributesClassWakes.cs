using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Storage.VolumeAttributesClasses;

/// <summary>What wakes a VolumeAttributesClass: itself, and the volumes and claims that name it or did.</summary>
internal static class AttributesClassWakes
{
    public static readonly WakeRegistration Registration =
        new("volumeattributesclass-protection-controller", WellKnown.VolumeAttributesClasses, static () =>
        [
            new Followed(WellKnown.VolumeAttributesClasses, static (change, keys) => keys.Add(change.Object.Key)),
            .. new[] { WellKnown.PersistentVolumes, WellKnown.PersistentVolumeClaims }.Select(
                static r => new Followed(r, (change, keys) => AddNamed(change, r, keys))),
        ]);

    /// <summary>Names of the classes that a volume or claim has or wants.</summary>
    public static IEnumerable<string> Named(ResourceObject item, ResourceName resource)
    {
        string?[] names;
        if (resource == WellKnown.PersistentVolumes)
        {
            names = [item.As<V1PersistentVolume>().Spec.VolumeAttributesClassName];
        }
        else
        {
            var claim = item.As<V1PersistentVolumeClaim>();
            names =
            [
                claim.Spec.VolumeAttributesClassName,
                claim.Status?.CurrentVolumeAttributesClassName,
                claim.Status?.ModifyVolumeStatus?.TargetVolumeAttributesClassName,
            ];
        }

        return names.OfType<string>().Where(static n => n.Length > 0);
    }

    private static void AddNamed(ResourceChange change, ResourceName resource, ICollection<ObjectKey> keys)
    {
        var before = change.Previous is { } previous ? Named(previous, resource) : [];
        foreach (var name in Named(change.Object, resource).Concat(before))
        {
            keys.Add(new ObjectKey("", name));
        }
    }
}
