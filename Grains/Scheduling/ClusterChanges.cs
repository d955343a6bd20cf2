namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Kinds of things that happen and may make room for a waiting pod.</summary>
[Flags]
public enum ClusterChanges
{
    None = 0,
    NodeAdded = 1,

    /// <summary>A node has more or less of something.</summary>
    NodeAllocatable = 2,

    /// <summary>A PersistentVolume.</summary>
    Volume = 4,

    /// <summary>A pod came onto a node, or one there has other labels: it may help pods that look at others.</summary>
    PodPlaced = 8,

    /// <summary>A class or slice of devices, or devices that are free: may help any pod with ResourceClaims.</summary>
    Device = 16,

    /// <summary>A node went: where others have to be evenly spread over fewer domains, it may help.</summary>
    NodeRemoved = 32,

    /// <summary>A pod left a node, and what it had there is free.</summary>
    PodGone = 64,

    NodeLabels = 128,

    /// <summary>A node has other taints, or was uncordoned.</summary>
    NodeTaints = 256,

    /// <summary>A node declares other features.</summary>
    NodeFeatures = 512,

    /// <summary>A PersistentVolumeClaim: may help the pods that name it.</summary>
    VolumeClaim = 1_024,

    StorageClass = 2_048,

    CsiNode = 4_096,

    /// <summary>How much a driver has left, or whether that is asked.</summary>
    StorageCapacity = 8_192,

    /// <summary>A volume was detached from a node.</summary>
    Attachment = 16_384,

    /// <summary>All that pods with claims may wait for.</summary>
    Storage = Volume | VolumeClaim | StorageClass | CsiNode | StorageCapacity | Attachment,
}
