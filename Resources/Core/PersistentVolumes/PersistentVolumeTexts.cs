namespace OrleansOrchestrator.Resources.Core.PersistentVolumes;

/// <summary>
/// Descriptions of the columns of PersistentVolumes (facts of the API: the documentation of their fields).
/// </summary>
internal static class PersistentVolumeTexts
{
    public const string Capacity =
        "capacity is the description of the persistent volume's resources and capacity. More info: " +
        "https://kubernetes.io/docs/concepts/storage/persistent-volumes#capacity";

    public const string AccessModes =
        "accessModes contains all ways the volume can be mounted. More info: " +
        "https://kubernetes.io/docs/concepts/storage/persistent-volumes#access-modes";

    public const string ReclaimPolicy =
        "persistentVolumeReclaimPolicy defines what happens to a persistent volume when released from its " +
        "claim. Valid options are Retain (default for manually created PersistentVolumes), Delete (default " +
        "for dynamically provisioned PersistentVolumes), and Recycle (deprecated). Recycle must be " +
        "supported by the volume plugin underlying this PersistentVolume. More info: " +
        "https://kubernetes.io/docs/concepts/storage/persistent-volumes#reclaiming";

    public const string Phase =
        "phase indicates if a volume is available, bound to a claim, or released by a claim. More info: " +
        "https://kubernetes.io/docs/concepts/storage/persistent-volumes#phase";

    public const string Claim =
        "claimRef is part of a bi-directional binding between PersistentVolume and PersistentVolumeClaim. " +
        "Expected to be non-nil when bound. claim.VolumeName is the authoritative bind between PV and PVC. " +
        "More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#binding";

    public const string Reason =
        "reason is a brief CamelCase string that describes any failure and is meant for machine parsing " +
        "and tidy display in the CLI.";

    public const string VolumeMode =
        "volumeMode defines if a volume is intended to be used with a formatted filesystem or to remain in " +
        "raw block state. Value of Filesystem is implied when not included in spec.";
}
