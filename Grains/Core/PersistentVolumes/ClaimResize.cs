using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.PersistentVolumes;

/// <summary>
/// What a claim shows while its volume is made larger, as upstream's external resizer writes it. Pure.
/// </summary>
internal static class ClaimResize
{
    private const string Storage = "storage";
    private const string Resizing = "Resizing";
    private const string FileSystemResizePending = "FileSystemResizePending";
    private const string InProgress = "ControllerResizeInProgress";

    /// <summary>The claim asks for more than it was given.</summary>
    public static bool IsWanted(V1PersistentVolumeClaim claim, V1PersistentVolume volume) =>
        claim.Status?.Phase == "Bound"
        && VolumeMatch.IsFor(volume, claim)
        && VolumeMatch.Requested(claim) > VolumeMatch.Size(claim.Status.Capacity);

    /// <summary>Shows that the volume is being made larger; false when it is shown.</summary>
    public static bool Begin(V1PersistentVolumeClaim claim, Quantity size, DateTimeOffset now)
    {
        var status = claim.Status;
        if (VolumeMatch.Size(status.AllocatedResources) == size
            && status.AllocatedResourceStatuses?.TryGetValue(Storage, out var step) == true && step == InProgress
            && status.Conditions?.Any(c => c is { Type: Resizing, Status: "True" }) == true)
        {
            return false;
        }

        status.AllocatedResources = With(status.AllocatedResources, size.ToModel());
        status.AllocatedResourceStatuses = With(status.AllocatedResourceStatuses, InProgress);
        status.Conditions =
        [
            .. OtherConditions(status),
            new V1PersistentVolumeClaimCondition
            {
                Type = Resizing, Status = "True", LastTransitionTime = now.UtcDateTime,
            },
        ];
        return true;
    }

    /// <summary>Shows that the volume is as large as the claim was promised.</summary>
    public static void Finish(V1PersistentVolumeClaim claim, Quantity size)
    {
        var status = claim.Status;
        status.Capacity = With(status.Capacity, size.ToModel());
        status.Conditions = OtherConditions(status) is { Count: > 0 } others ? others : null;
        status.AllocatedResourceStatuses?.Remove(Storage);
        if (status.AllocatedResourceStatuses is { Count: 0 })
        {
            status.AllocatedResourceStatuses = null;
        }
    }

    private static List<V1PersistentVolumeClaimCondition> OtherConditions(V1PersistentVolumeClaimStatus status) =>
        [.. (status.Conditions ?? []).Where(c => c.Type is not (Resizing or FileSystemResizePending))];

    private static Dictionary<string, T> With<T>(IDictionary<string, T>? values, T storage) =>
        new(values ?? new Dictionary<string, T>(), StringComparer.Ordinal) { [Storage] = storage };
}
