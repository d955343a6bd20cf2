using System.Collections.Frozen;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Why pods come into a queue, in upstream's words for metrics.</summary>
public static class QueueEvents
{
    /// <summary>A pod that is to be scheduled was made.</summary>
    public const string PodAdd = "UnschedulablePodAdd";

    /// <summary>It changed while it waited.</summary>
    public const string PodUpdate = "UnschedulablePodUpdate";

    /// <inheritdoc cref="PodChange.Labels"/>
    public const string PodLabels = PodUpdate + "PodLabel";

    /// <inheritdoc cref="PodChange.ScaledDown"/>
    public const string PodScaledDown = PodUpdate + "PodScaleDown";

    /// <inheritdoc cref="PodChange.GatesEliminated"/>
    public const string GatesEliminated = PodUpdate + "PodSchedulingGatesEliminated";

    /// <inheritdoc cref="PodChange.Tolerations"/>
    public const string PodTolerations = PodUpdate + "PodToleration";

    /// <inheritdoc cref="PodChange.Claims"/>
    public const string PodClaims = PodUpdate + "PodGeneratedResourceClaim";

    public const string AttemptFailure = "ScheduleAttemptFailure";

    public const string BackoffComplete = "BackoffComplete";

    /// <summary>It was tried before its back-off was over, because nothing else was to be done.</summary>
    public const string PopFromBackoff = "PopFromBackoffQ";

    /// <summary>It waited so long that it is tried although nothing happened.</summary>
    public const string UnschedulableTimeout = "UnschedulableTimeout";

    /// <summary>Victims could not be removed for it.</summary>
    public const string ForceActivate = "ForceActivate";

    public const string NodeAdd = "NodeAdd";

    public const string NodeDelete = "NodeDelete";

    public const string AssignedPodAdd = "AssignedPodAdd";

    public const string AssignedPodUpdate = "AssignedPodUpdate";

    public const string AssignedPodDelete = "AssignedPodDelete";

    private static readonly FrozenDictionary<(ResourceName Resource, ChangeKind Kind), string> Changes = (
        from kind in new (ResourceName Resource, string Word)[]
        {
            (WellKnown.PersistentVolumes, "PersistentVolume"),
            (WellKnown.PersistentVolumeClaims, "PersistentVolumeClaim"),
            (WellKnown.StorageClasses, "storage.k8s.io/StorageClass"),
            (WellKnown.CsiNodes, "storage.k8s.io/CSINode"),
            (WellKnown.CsiDrivers, "storage.k8s.io/CSIDriver"),
            (WellKnown.CsiStorageCapacities, "storage.k8s.io/CSIStorageCapacity"),
            (WellKnown.VolumeAttachments, "storage.k8s.io/VolumeAttachment"),
            (WellKnown.ResourceClaims, "resource.k8s.io/ResourceClaim"),
            (WellKnown.ResourceSlices, "resource.k8s.io/ResourceSlice"),
            (WellKnown.DeviceClasses, "resource.k8s.io/DeviceClass"),
        }
        from change in new (ChangeKind Kind, string Word)[]
        {
            (ChangeKind.Added, "Add"), (ChangeKind.Modified, "Update"), (ChangeKind.Deleted, "Delete"),
        }
        select ((kind.Resource, change.Kind), kind.Word + change.Word)).ToFrozenDictionary(
            static c => c.Item1, static c => c.Item2);

    /// <summary>
    /// A node came or changed; of several things about it, what upstream tells of last. Uncordoning, of which it tells
    /// first, is one with other taints here.
    /// </summary>
    public static string OfNode(ClusterChanges changes) =>
        changes.HasFlag(ClusterChanges.NodeAdded) ? NodeAdd
        : changes.HasFlag(ClusterChanges.NodeFeatures) ? "NodeUpdateNodeDeclaredFeature"
        : changes.HasFlag(ClusterChanges.NodeTaints) ? "NodeUpdateNodeTaint"
        : changes.HasFlag(ClusterChanges.NodeLabels) ? "NodeUpdateNodeLabel"
        : "NodeUpdateNodeAllocatable";

    /// <summary>Something happened to an object that pods may wait for, nodes and pods excepted.</summary>
    public static string Of(ResourceName resource, ChangeKind kind) => Changes[(resource, kind)];
}
