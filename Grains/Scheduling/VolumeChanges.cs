using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// Which changes of what storage says of itself may help pods that wait: upstream's hints of VolumeBinding and
/// NodeVolumeLimits. Drivers say much, and often, that helps nobody.
/// </summary>
internal static class VolumeChanges
{
    /// <summary>How large a volume may be; null when nothing is said.</summary>
    public static Quantity? LimitOf(V1CSIStorageCapacity capacity) =>
        (capacity.MaximumVolumeSize ?? capacity.Capacity) is { } limit ? Quantity.Of(limit) : null;

    /// <summary>There is room for a larger volume.</summary>
    public static bool MayHelp(V1CSIStorageCapacity old, V1CSIStorageCapacity now) =>
        LimitOf(now) is { } limit && (LimitOf(old) is not { } before || limit > before);

    /// <summary>Nobody asks any more how much the driver has left.</summary>
    public static bool MayHelp(V1CSIDriver old, V1CSIDriver now) =>
        old.Spec.StorageCapacity == true && now.Spec.StorageCapacity != true;

    /// <summary>Of some driver the node takes more volumes.</summary>
    public static bool MayHelp(V1CSINode old, V1CSINode now) => (old.Spec.Drivers ?? []).Any(driver =>
        driver.Allocatable?.Count is { } before
        && (now.Spec.Drivers?.FirstOrDefault(d => d.Name == driver.Name)?.Allocatable?.Count is not { } limit
            || limit > before));

    /// <summary>Volumes are made in other places.</summary>
    public static bool MayHelp(V1StorageClass old, V1StorageClass now) => !Places(old).SequenceEqual(Places(now));

    private static IEnumerable<string> Places(V1StorageClass ofClaims) =>
        (ofClaims.AllowedTopologies ?? []).SelectMany(static (term, i) => (term.MatchLabelExpressions ?? []).Select(
            e => $"{i} {e.Key} {string.Join(',', e.Values)}"));
}
