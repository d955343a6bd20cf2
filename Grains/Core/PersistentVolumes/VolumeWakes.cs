using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.PersistentVolumes;

/// <summary>
/// What wakes a PersistentVolume: itself, the claim that it is for, claims that name it, and the pod that empties it.
/// </summary>
internal static class VolumeWakes
{
    public static readonly WakeRegistration Registration =
        new("persistent-volume-binder", WellKnown.PersistentVolumes, Follows);

    private static IReadOnlyList<Followed> Follows()
    {
        var volumes = new TagIndex();
        return
        [
            new Followed(WellKnown.PersistentVolumes, (change, keys) =>
            {
                var claim = change.Object.As<V1PersistentVolume>().Spec.ClaimRef;
                volumes.Set(
                    change.Object.Key,
                    claim is null || change.Kind == ChangeKind.Deleted
                        ? []
                        : [new ObjectKey(claim.NamespaceProperty ?? "", claim.Name).ToString()]);
                keys.Add(change.Object.Key);
            }),
            new Followed(WellKnown.PersistentVolumeClaims, (change, keys) =>
            {
                volumes.Find(change.Object.Key.ToString(), keys);
                if (change.Object.As<V1PersistentVolumeClaim>().Spec.VolumeName is { Length: > 0 } name)
                {
                    keys.Add(new ObjectKey("", name));
                }
            }),
            new Followed(WellKnown.Pods, (change, keys) =>
            {
                var (inNamespace, name) = (change.Object.Key.Namespace, change.Object.Key.Name);
                if (RecyclerPod.VolumeOf(inNamespace, name) is { } volume)
                {
                    keys.Add(new ObjectKey("", volume));
                }
            }),
        ];
    }
}
