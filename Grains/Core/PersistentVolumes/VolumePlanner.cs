using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Core.PersistentVolumes;

/// <summary>What a volume must do.</summary>
public sealed record VolumePlan
{
    /// <summary>Undo the binding to a claim that is bound elsewhere.</summary>
    public bool Unbind { get; init; }

    /// <summary>Nobody uses it any more, and nobody else deletes it.</summary>
    public bool Delete { get; init; }

    /// <summary>Its data is ours to remove first, where it lies.</summary>
    public bool RemoveData { get; init; }

    /// <summary>Nothing is to be done with its data: the object may go.</summary>
    public bool LetGo { get; init; }

    /// <summary>Its data is to be removed by a pod, and then it is free again.</summary>
    public bool Recycle { get; init; }

    /// <summary>The phase to show; null to leave it.</summary>
    public string? Phase { get; init; }

    public string Message { get; init; } = "";

    public IReadOnlyList<EventNote> Notes { get; init; } = [];
}

/// <summary>The life of a volume: whether its claim is still there, and what happens to it afterwards.</summary>
public static class VolumePlanner
{
    /// <summary>Released volumes are emptied for the next claim.</summary>
    public const string RecyclePolicy = "Recycle";

    private const string Available = "Available";
    private const string Released = "Released";
    private const string Failed = "Failed";

    /// <param name="volume">As it is.</param>
    /// <param name="claim">What its reference names; null when there is none, or another one of that name.</param>
    public static VolumePlan Compute(V1PersistentVolume volume, V1PersistentVolumeClaim? claim)
    {
        if (string.IsNullOrEmpty(volume.Spec.ClaimRef?.Uid))
        {
            return Show(volume, Available);
        }

        if (claim is null)
        {
            return Reclaim(volume);
        }

        if (claim.Spec.VolumeName == volume.Metadata.Name)
        {
            return Show(volume, "Bound");
        }

        if (string.IsNullOrEmpty(claim.Spec.VolumeName))
        {
            // The claim finishes the binding, unless it cannot be.
            return new VolumePlan { Notes = VolumeMatch.SameMode(volume, claim) ? [] : Incompatible(volume, claim) };
        }

        return volume.Has(VolumeAnnotations.ProvisionedBy) && IsDeleted(volume)
            ? Reclaim(volume)
            : new VolumePlan { Unbind = true };
    }

    /// <summary>Reclaiming it failed; that is told once, and stays visible.</summary>
    public static VolumePlan Fail(V1PersistentVolume volume, EventNote why) =>
        volume.Status?.Phase == Failed
            ? new VolumePlan()
            : new VolumePlan { Phase = Failed, Message = why.Message, Notes = [why] };

    /// <summary>Its storage goes with its claim.</summary>
    public static bool IsDeleted(V1PersistentVolume volume) => Policy(volume) == "Delete";

    private static VolumePlan Reclaim(V1PersistentVolume volume)
    {
        // A failure stays visible while reclaiming is tried again.
        var released = volume.Status?.Phase == Failed ? new VolumePlan() : Show(volume, Released);
        if (LocalPath.IsOurs(volume))
        {
            return IsDeleted(volume)
                ? released with { RemoveData = true, LetGo = true, Delete = true }
                : released with { LetGo = volume.Metadata.DeletionTimestamp is not null };
        }

        return Policy(volume) switch
        {
            // Whatever is to become of it, its driver sees to that.
            _ when !string.IsNullOrEmpty(volume.GetAnnotation(VolumeAnnotations.MigratedTo)) => released,
            "Retain" => released,
            "Delete" => VolumePlugins.Delete(volume) switch
            {
                (true, _) => released,
                (_, { } refusal) => Fail(volume, EventNote.Warning(volume, "VolumeFailedDelete", refusal)),
                _ => released with { Delete = true },
            },
            RecyclePolicy => released with { Recycle = true },
            _ => Fail(
                volume,
                EventNote.Warning(
                    volume,
                    "VolumeUnknownReclaimPolicy",
                    "Volume has unrecognized PersistentVolumeReclaimPolicy")),
        };
    }

    private static string Policy(V1PersistentVolume volume) => volume.Spec.PersistentVolumeReclaimPolicy ?? "Retain";

    private static VolumePlan Show(V1PersistentVolume volume, string phase) =>
        volume.Status?.Phase == phase ? new VolumePlan() : new VolumePlan { Phase = phase };

    private static EventNote[] Incompatible(V1PersistentVolume volume, V1PersistentVolumeClaim claim) =>
    [
        EventNote.Warning(
            volume,
            "VolumeMismatch",
            "Cannot bind PersistentVolume to requested PersistentVolumeClaim " +
            $"\"{claim.Metadata.Name}\" due to incompatible volumeMode."),
        EventNote.Warning(
            claim,
            "VolumeMismatch",
            $"Cannot bind PersistentVolume \"{volume.Metadata.Name}\" to requested PersistentVolumeClaim " +
            "due to incompatible volumeMode."),
    ];
}
