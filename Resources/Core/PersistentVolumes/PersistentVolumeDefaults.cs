using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;

namespace OrleansOrchestrator.Resources.Core.PersistentVolumes;

/// <summary>Defaults of persistent volumes.</summary>
internal static class PersistentVolumeDefaults
{
    /// <summary>What holds for a volume's source and size wherever the spec stands.</summary>
    public static void ApplySource(V1PersistentVolumeSpec spec)
    {
        PodDefaults.RoundUp(spec.Capacity);
        if (spec.HostPath is { } path)
        {
            path.Type ??= "";
        }

        if (spec.Rbd is { } rbd)
        {
            rbd.Pool ??= "rbd";
            rbd.User ??= "admin";
            rbd.Keyring ??= "/etc/ceph/keyring";
        }

        if (spec.Iscsi is { } iscsi)
        {
            iscsi.IscsiInterface ??= "default";
        }

        if (spec.AzureDisk is { } disk)
        {
            VolumeDefaults.Apply(disk);
        }

        if (spec.ScaleIO is { } scale)
        {
            scale.StorageMode ??= "ThinProvisioned";
            scale.FsType ??= "xfs";
        }
    }
}
