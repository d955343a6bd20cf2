using k8s.Models;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>Defaults of volumes and of what is projected into them.</summary>
internal static class VolumeDefaults
{
    private const int FileMode = 420; // 0644
    private const long TokenSeconds = 3600;

    public static void Apply(IList<V1Volume>? volumes)
    {
        foreach (var volume in volumes ?? [])
        {
            ApplyLocal(volume);
            ApplyRemote(volume);
            if (!HasSource(volume))
            {
                volume.EmptyDir = new V1EmptyDirVolumeSource();
            }
        }
    }

    public static void Apply(V1AzureDiskVolumeSource disk)
    {
        disk.CachingMode ??= "ReadWrite";
        disk.Kind ??= "Shared";
        disk.FsType ??= "ext4";
        disk.ReadOnlyProperty ??= false;
    }

    private static void ApplyLocal(V1Volume volume)
    {
        if (volume.HostPath is { } path)
        {
            path.Type ??= "";
        }

        if (volume.Secret is { } secret)
        {
            secret.DefaultMode ??= FileMode;
        }

        if (volume.ConfigMap is { } configMap)
        {
            configMap.DefaultMode ??= FileMode;
        }

        if (volume.DownwardAPI is { } downward)
        {
            downward.DefaultMode ??= FileMode;
            ApplyFiles(downward.Items);
        }

        if (volume.Projected is { } projected)
        {
            projected.DefaultMode ??= FileMode;
            ApplyProjections(projected.Sources);
        }

        if (volume.Image is { } image)
        {
            image.PullPolicy ??= ImageReference.DefaultPullPolicy(image.Reference);
        }
    }

    private static void ApplyProjections(IList<V1VolumeProjection>? sources)
    {
        foreach (var source in sources ?? [])
        {
            ApplyFiles(source.DownwardAPI?.Items);
            if (source.ServiceAccountToken is { } token)
            {
                token.ExpirationSeconds ??= TokenSeconds;
            }
        }
    }

    private static void ApplyFiles(IList<V1DownwardAPIVolumeFile>? files)
    {
        foreach (var file in files ?? [])
        {
            if (file.FieldRef is { } field)
            {
                field.ApiVersion ??= "v1";
            }
        }
    }

    private static void ApplyRemote(V1Volume volume)
    {
        if (volume.Iscsi is { } iscsi)
        {
            iscsi.IscsiInterface ??= "default";
        }

        if (volume.Rbd is { } rbd)
        {
            rbd.Pool ??= "rbd";
            rbd.User ??= "admin";
            rbd.Keyring ??= "/etc/ceph/keyring";
        }

        if (volume.AzureDisk is { } disk)
        {
            Apply(disk);
        }

        if (volume.ScaleIO is { } scale)
        {
            scale.StorageMode ??= "ThinProvisioned";
            scale.FsType ??= "xfs";
        }

        if (volume.Ephemeral?.VolumeClaimTemplate is { } claim)
        {
            claim.Metadata ??= new V1ObjectMeta();
            claim.Spec ??= new V1PersistentVolumeClaimSpec();
            claim.Spec.VolumeMode ??= "Filesystem";
            claim.Spec.Resources ??= new V1VolumeResourceRequirements();
            PodDefaults.RoundUp(claim.Spec.Resources.Requests);
            PodDefaults.RoundUp(claim.Spec.Resources.Limits);
        }
    }

    private static bool HasSource(V1Volume volume) => volume is not
    {
        EmptyDir: null, HostPath: null, Secret: null, ConfigMap: null, Projected: null, DownwardAPI: null, PersistentVolumeClaim: null,
        Csi: null, Ephemeral: null, Image: null, Nfs: null, Iscsi: null, GitRepo: null, Glusterfs: null, GcePersistentDisk: null,
        AwsElasticBlockStore: null, Rbd: null, Quobyte: null, FlexVolume: null, Cinder: null, Cephfs: null, Flocker: null, Fc: null,
        AzureFile: null, VsphereVolume: null, AzureDisk: null, PhotonPersistentDisk: null, PortworxVolume: null, ScaleIO: null,
        Storageos: null,
    };
}
