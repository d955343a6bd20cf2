using k8s.Models;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.PersistentVolumeClaims;

/// <summary>
/// What wakes a PersistentVolumeClaim: itself, the volume that is or could be its, its class, and, while it is being
/// deleted, pods that use it.
/// </summary>
internal static class ClaimWakes
{
    public static readonly WakeRegistration Registration =
        new("pvc-protection-controller", WellKnown.PersistentVolumeClaims, Follows);

    private static IReadOnlyList<Followed> Follows()
    {
        var claims = new TagIndex();
        return
        [
            new Followed(WellKnown.PersistentVolumeClaims, (change, keys) =>
            {
                claims.Set(change.Object.Key, change.Kind == ChangeKind.Deleted ? [] : Tags(change.Object));
                keys.Add(change.Object.Key);
            }),
            new Followed(WellKnown.PersistentVolumes, (change, keys) => AddClaims(change, claims, keys)),
            new Followed(WellKnown.StorageClasses, (change, keys) =>
            {
                claims.Find(OfClass(change.Object.Key.Name), keys);
                claims.Find(OfClass(""), keys);
            }),
            new Followed(WellKnown.Pods, (change, keys) => AddHeld(change, claims, keys)),
        ];
    }

    private static IEnumerable<string> Tags(ResourceObject item)
    {
        var claim = item.As<V1PersistentVolumeClaim>();
        if (claim.Spec.VolumeName is { Length: > 0 } volume)
        {
            yield return OfVolume(volume);
        }
        else
        {
            yield return OfClass(VolumeMatch.ClassOf(claim));
        }

        if (claim.Metadata.DeletionTimestamp is not null)
        {
            yield return Ending(item.Key.Namespace);
        }
    }

    private static void AddClaims(ResourceChange change, TagIndex claims, ICollection<ObjectKey> keys)
    {
        var volume = change.Object.As<V1PersistentVolume>();
        claims.Find(OfVolume(change.Object.Key.Name), keys);
        if (volume.Spec.ClaimRef is { } owner)
        {
            keys.Add(new ObjectKey(owner.NamespaceProperty ?? "", owner.Name));
        }
        else if (change.Kind != ChangeKind.Deleted)
        {
            claims.Find(OfClass(VolumeMatch.ClassOf(volume)), keys);
        }
    }

    /// <summary>
    /// Pods are many and claims that are being deleted few: only next to such a claim is a pod looked into.
    /// </summary>
    private static void AddHeld(ResourceChange change, TagIndex claims, ICollection<ObjectKey> keys)
    {
        if (claims.Has(Ending(change.Object.Key.Namespace)))
        {
            foreach (var claim in PodClaims.Of(change.Object.As<V1Pod>()))
            {
                keys.Add(new ObjectKey(change.Object.Key.Namespace, claim.Name));
            }
        }
    }

    private static string OfVolume(string name) => $"volume/{name}";

    private static string OfClass(string name) => $"class/{name}";

    private static string Ending(string inNamespace) => $"ending/{inNamespace}";
}
