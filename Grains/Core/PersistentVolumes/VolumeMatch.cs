using k8s.Models;
using OrleansOrchestrator.Resources.Core.PersistentVolumes;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.PersistentVolumes;

/// <summary>Which volume suits a claim; shared by the binder and the scheduler.</summary>
internal static class VolumeMatch
{
    /// <summary>Delayed until a pod wants the claim: the scheduler chooses, with the pod's node in mind.</summary>
    public const string WaitForFirstConsumer = "WaitForFirstConsumer";

    private const string Storage = "storage";
    private const string Filesystem = "Filesystem";

    public static string ClassOf(V1PersistentVolumeClaim claim) =>
        claim.GetAnnotation(PersistentVolumeStrategy.BetaClassAnnotation) ?? claim.Spec.StorageClassName ?? "";

    public static string ClassOf(V1PersistentVolume volume) =>
        volume.GetAnnotation(PersistentVolumeStrategy.BetaClassAnnotation) ?? volume.Spec.StorageClassName ?? "";

    /// <summary>The volume is the claim's, or reserved for it: a reference without uid is enough.</summary>
    public static bool IsFor(V1PersistentVolume volume, V1PersistentVolumeClaim claim) =>
        volume.Spec.ClaimRef is { } reference
        && reference.Name == claim.Metadata.Name
        && reference.NamespaceProperty == claim.Metadata.NamespaceProperty
        && (string.IsNullOrEmpty(reference.Uid) || reference.Uid == claim.Metadata.Uid);

    public static Quantity Requested(V1PersistentVolumeClaim claim) => Size(claim.Spec.Resources?.Requests);

    public static Quantity Capacity(V1PersistentVolume volume) => Size(volume.Spec.Capacity);

    public static Quantity Size(IDictionary<string, ResourceQuantity>? amounts) =>
        amounts?.TryGetValue(Storage, out var size) == true ? Quantity.Of(size) : Quantity.Zero;

    public static bool SameMode(V1PersistentVolume volume, V1PersistentVolumeClaim claim) =>
        (volume.Spec.VolumeMode ?? Filesystem) == (claim.Spec.VolumeMode ?? Filesystem);

    /// <summary>
    /// The volume reserved for the claim, else the smallest that is large enough; the binder, but not the scheduler,
    /// looks first, for either, at those with the fewest access modes beside the wanted ones, and never at others. Null
    /// when there is none.
    /// </summary>
    /// <param name="claim">Unbound.</param>
    /// <param name="volumes">All volumes.</param>
    /// <param name="reservedOnly">True for claims whose choice is the scheduler's.</param>
    /// <param name="isReachable">Whether a volume can be used where it is to be used.</param>
    public static V1PersistentVolume? Find(
        V1PersistentVolumeClaim claim, IEnumerable<V1PersistentVolume> volumes, bool reservedOnly,
        Func<V1PersistentVolume, bool>? isReachable = null)
    {
        var suitable = volumes.Where(v => Suits(v, claim)).ToList();
        if (isReachable is not null && suitable.Find(v => IsFor(v, claim)) is { } reserved)
        {
            return isReachable(reserved) ? reserved : null;
        }

        var selector = claim.Spec.Selector is null ? LabelSelector.Everything : LabelSelector.Of(claim.Spec.Selector);
        return suitable.Where(v => HasModes(v, claim)
                && (IsFor(v, claim)
                    || (!reservedOnly && v.Status?.Phase == "Available" && ClassOf(v) == ClassOf(claim)
                        && selector.Matches(v.Metadata) && isReachable?.Invoke(v) != false)))
            .OrderBy(v => isReachable is null ? v.Spec.AccessModes?.Count ?? 0 : 0)
            .ThenByDescending(v => IsFor(v, claim))
            .ThenBy(Capacity)
            .ThenBy(static v => v.Metadata.Name, StringComparer.Ordinal)
            .FirstOrDefault();
    }

    /// <summary>Why a volume that a claim names cannot be its; null when it can.</summary>
    public static string? Mismatch(V1PersistentVolume volume, V1PersistentVolumeClaim claim) => volume switch
    {
        { Metadata.DeletionTimestamp: not null } => $"the volume is marked for deletion \"{volume.Metadata.Name}\"",
        _ when Capacity(volume) < Requested(claim) => "requested PV is too small",
        _ when ClassOf(volume) != ClassOf(claim) => "storageClassName does not match",
        _ when !SameAttributes(volume, claim) => "volumeAttributesClassName does not match",
        _ when !SameMode(volume, claim) => "incompatible volumeMode",
        _ when !HasModes(volume, claim) => "incompatible accessMode",
        _ => null,
    };

    private static bool Suits(V1PersistentVolume volume, V1PersistentVolumeClaim claim) =>
        (volume.Spec.ClaimRef is null || IsFor(volume, claim))
        && volume.Metadata.DeletionTimestamp is null
        && Capacity(volume) >= Requested(claim)
        && SameMode(volume, claim)
        && SameAttributes(volume, claim);

    private static bool HasModes(V1PersistentVolume volume, V1PersistentVolumeClaim claim) =>
        claim.Spec.AccessModes?.All(m => volume.Spec.AccessModes?.Contains(m) == true) != false;

    private static bool SameAttributes(V1PersistentVolume volume, V1PersistentVolumeClaim claim) =>
        (volume.Spec.VolumeAttributesClassName ?? "") == (claim.Spec.VolumeAttributesClassName ?? "");
}
