using System.Text.RegularExpressions;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <content>Volumes of networks and vendors. The groups only keep upstream's order.</content>
internal sealed partial class PodSpecValidator
{
    private const string BadPartition = "must be between 1 and 255, inclusive";
    private const string BadRegistry = "must be a host:port pair or multiple pairs separated by commas";
    private const int MaxIscsiName = 64;

    private void GitAndCloudSources(V1Volume volume, FieldPath path, ref int count)
    {
        if (volume.GitRepo is { } git && IsFirstSource(ref count, path, "gitRepo"))
        {
            NeedsText(git.Repository, path.Child("gitRepo"), "repository");
            LocalDescending(git.Directory ?? "", path.Child("gitRepo", "directory"));
        }

        if (volume.GcePersistentDisk is { } gce && IsFirstSource(ref count, path, "gcePersistentDisk"))
        {
            NeedsText(gce.PdName, path.Child("persistentDisk"), "pdName");
            Partition(gce.Partition, path.Child("persistentDisk"));
        }

        if (volume.AwsElasticBlockStore is { } aws && IsFirstSource(ref count, path, "awsElasticBlockStore"))
        {
            NeedsText(aws.VolumeID, path.Child("awsElasticBlockStore"), "volumeID");
            Partition(aws.Partition, path.Child("awsElasticBlockStore"));
        }
    }

    internal void Partition(int? partition, FieldPath path)
    {
        if (partition is < 0 or > 255)
        {
            _errors.Invalid(path.Child("partition"), partition, BadPartition);
        }
    }

    private void NetworkSources(V1Volume volume, FieldPath path, ref int count)
    {
        if (volume.Nfs is { } nfs && IsFirstSource(ref count, path, "nfs"))
        {
            Nfs(nfs, path.Child("nfs"));
        }

        if (volume.Iscsi is { } iscsi)
        {
            IscsiVolume(volume.Name, iscsi, path, ref count);
        }

        if (volume.Glusterfs is { } gluster && IsFirstSource(ref count, path, "glusterfs"))
        {
            NeedsText(gluster.Endpoints, path.Child("glusterfs"), "endpoints");
            NeedsText(gluster.Path, path.Child("glusterfs"), "path");
        }

        if (volume.Flocker is { } flocker && IsFirstSource(ref count, path, "flocker"))
        {
            Flocker(flocker, path.Child("flocker"));
        }

        if (volume.PersistentVolumeClaim is { } claim && IsFirstSource(ref count, path, "persistentVolumeClaim"))
        {
            NeedsText(claim.ClaimName, path.Child("persistentVolumeClaim"), "claimName");
        }

        StorageClusters(volume, path, ref count);
    }

    internal void Nfs(V1NFSVolumeSource source, FieldPath path)
    {
        NeedsText(source.Server, path, "server");
        NeedsText(source.Path, path, "path");
        if (!(source.Path ?? "").StartsWith('/'))
        {
            _errors.Invalid(path.Child("path"), source.Path ?? "", "must be an absolute path");
        }
    }

    private void StorageClusters(V1Volume volume, FieldPath path, ref int count)
    {
        if (volume.Rbd is { } rbd && IsFirstSource(ref count, path, "rbd"))
        {
            NeedsItems(rbd.Monitors, path.Child("rbd"), "monitors");
            NeedsText(rbd.Image, path.Child("rbd"), "image");
        }

        if (volume.Cinder is { } cinder && IsFirstSource(ref count, path, "cinder"))
        {
            NeedsText(cinder.VolumeID, path.Child("cinder"), "volumeID");
            NeedsSecretName(cinder.SecretRef, path.Child("cinder"));
        }

        if (volume.Cephfs is { } ceph && IsFirstSource(ref count, path, "cephFS"))
        {
            NeedsItems(ceph.Monitors, path.Child("cephfs"), "monitors");
        }

        if (volume.Quobyte is { } quobyte && IsFirstSource(ref count, path, "quobyte"))
        {
            Quobyte(quobyte, path.Child("quobyte"));
        }
    }

    internal void NeedsItems(IList<string>? items, FieldPath parent, string field)
    {
        if (items is not { Count: > 0 })
        {
            _errors.Required(parent.Child(field));
        }
    }

    private void NeedsSecretName(V1LocalObjectReference? secret, FieldPath parent)
    {
        if (secret is not null)
        {
            NeedsText(secret.Name, parent.Child("secretRef"), "name");
        }
    }

    private void IscsiVolume(string? name, V1ISCSIVolumeSource source, FieldPath path, ref int count)
    {
        if (IsFirstSource(ref count, path, "iscsi"))
        {
            NeedsText(source.TargetPortal, path.Child("iscsi"), "targetPortal");
            IscsiTarget(source, path.Child("iscsi"), isOfPod: true);
        }

        if (source.InitiatorName is not null && $"{name}:{source.TargetPortal}".Length > MaxIscsiName)
        {
            _errors.Invalid(
                path.Child("name"),
                name ?? "",
                "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.");
        }
    }

    /// <summary>All but the portal. Volumes on their own are told less of names, and their secrets must have
    /// one.</summary>
    internal void IscsiTarget(V1ISCSIVolumeSource source, FieldPath path, bool isOfPod)
    {
        NeedsText(source.Iqn, path, "iqn");
        if (!string.IsNullOrEmpty(source.Iqn))
        {
            IscsiName(source.Iqn, path.Child("iqn"), isOfPod);
        }

        if (source.Lun is < 0 or > 255)
        {
            _errors.Invalid(path.Child("lun"), source.Lun, NameRules.InclusiveRange(0, 255));
        }

        if ((source.ChapAuthDiscovery == true || source.ChapAuthSession == true) && source.SecretRef is null)
        {
            _errors.Required(path.Child("secretRef"));
        }

        if (!isOfPod)
        {
            NeedsSecretName(source.SecretRef, path);
        }

        if (source.InitiatorName is { } initiator)
        {
            IscsiName(initiator, path.Child("initiatorname"), isOfPod);
        }
    }

    private void IscsiName(string name, FieldPath path, bool isOfPod)
    {
        const string Bad = "must be valid format";
        var pattern = name.Length < 3 ? null : name[..3] switch
        {
            "iqn" => IqnPattern(),
            "eui" => EuiPattern(),
            "naa" => NaaPattern(),
            _ => null,
        };
        if (pattern is null)
        {
            _errors.Invalid(path, name, isOfPod ? Bad + " starting with iqn, eui, or naa" : Bad);
        }
        else if (!pattern.IsMatch(name))
        {
            _errors.Invalid(path, name, Bad);
        }
    }

    internal void Flocker(V1FlockerVolumeSource source, FieldPath path)
    {
        var hasName = !string.IsNullOrEmpty(source.DatasetName);
        var hasUuid = !string.IsNullOrEmpty(source.DatasetUUID);
        if (!hasName && !hasUuid)
        {
            _errors.Required(path, "one of datasetName and datasetUUID is required");
        }

        if (hasName && hasUuid)
        {
            _errors.Invalid(path, "resource", "datasetName and datasetUUID can not be specified simultaneously");
        }

        if (hasName && source.DatasetName.Contains('/', StringComparison.Ordinal))
        {
            _errors.Invalid(path.Child("datasetName"), source.DatasetName, "must not contain '/'");
        }
    }

    internal void Quobyte(V1QuobyteVolumeSource source, FieldPath path)
    {
        if (string.IsNullOrEmpty(source.Registry))
        {
            _errors.Required(path.Child("registry"), BadRegistry);
        }
        else if (source.Tenant?.Length >= 65)
        {
            _errors.Required(path.Child("tenant"), "must be a UUID and may not exceed a length of 64 characters");
        }
        else
        {
            foreach (var _ in source.Registry.Split(',').Where(pair => !HostPortPattern().IsMatch(pair)))
            {
                _errors.Invalid(path.Child("registry"), source.Registry, BadRegistry);
            }
        }

        NeedsText(source.Volume, path, "volume");
    }

    private void MoreNetworkSources(V1Volume volume, FieldPath path, ref int count)
    {
        if (volume.Fc is { } fc && IsFirstSource(ref count, path, "fc"))
        {
            FibreChannel(fc, path.Child("fc"));
        }

        if (volume.FlexVolume is { } flex && IsFirstSource(ref count, path, "flexVolume"))
        {
            Flex(flex, path.Child("flexVolume"));
        }
    }

    internal void FibreChannel(V1FCVolumeSource source, FieldPath path)
    {
        var hasTargets = source.TargetWWNs is { Count: > 0 };
        var hasIds = source.Wwids is { Count: > 0 };
        if (!hasTargets && !hasIds)
        {
            _errors.Required(path.Child("targetWWNs"), "must specify either targetWWNs or wwids, but not both");
        }

        if (hasTargets && hasIds)
        {
            _errors.Invalid(
                path.Child("targetWWNs"),
                source.TargetWWNs,
                "targetWWNs and wwids can not be specified simultaneously");
        }

        if (hasTargets && source.Lun is null)
        {
            _errors.Required(path.Child("lun"), "lun is required if targetWWNs is specified");
        }
        else if (hasTargets && source.Lun is < 0 or > 255)
        {
            _errors.Invalid(path.Child("lun"), source.Lun, NameRules.InclusiveRange(0, 255));
        }
    }

    internal void Flex(V1FlexVolumeSource source, FieldPath path)
    {
        NeedsText(source.Driver, path, "driver");
        foreach (var key in source.Options?.Keys ?? [])
        {
            var domain = "." + key.Split('/', 2)[0].ToLowerInvariant();
            if (domain.EndsWith(".kubernetes.io", StringComparison.Ordinal)
                || domain.EndsWith(".k8s.io", StringComparison.Ordinal))
            {
                _errors.Invalid(
                    path.Child("options").Key(key), key, "kubernetes.io and k8s.io namespaces are reserved");
            }
        }
    }

    private void VendorSources(V1Volume volume, FieldPath path, ref int count)
    {
        if (volume.AzureFile is { } file && IsFirstSource(ref count, path, "azureFile"))
        {
            NeedsText(file.SecretName, path.Child("azureFile"), "secretName");
            NeedsText(file.ShareName, path.Child("azureFile"), "shareName");
        }

        if (volume.VsphereVolume is { } vsphere && IsFirstSource(ref count, path, "vsphereVolume"))
        {
            NeedsText(vsphere.VolumePath, path.Child("vsphereVolume"), "volumePath");
        }

        if (volume.PhotonPersistentDisk is { } photon && IsFirstSource(ref count, path, "photonPersistentDisk"))
        {
            NeedsText(photon.PdID, path.Child("photonPersistentDisk"), "pdID");
        }

        if (volume.PortworxVolume is { } portworx && IsFirstSource(ref count, path, "portworxVolume"))
        {
            NeedsText(portworx.VolumeID, path.Child("portworxVolume"), "volumeID");
        }

        if (volume.AzureDisk is { } disk && IsFirstSource(ref count, path, "azureDisk"))
        {
            AzureDisk(disk, path.Child("azureDisk"));
        }

        if (volume.Storageos is { } storage && IsFirstSource(ref count, path, "storageos"))
        {
            NeedsText(storage.VolumeName, path.Child("storageos"), "volumeName");
            Label(path.Child("storageos"), "volumeName", storage.VolumeName);
            Label(path.Child("storageos"), "volumeNamespace", storage.VolumeNamespace);
            NeedsSecretName(storage.SecretRef, path.Child("storageos"));
        }
    }

    internal void AzureDisk(V1AzureDiskVolumeSource disk, FieldPath path)
    {
        NeedsText(disk.DiskName, path, "diskName");
        NeedsText(disk.DiskURI, path, "diskURI");
        if (disk.CachingMode is not (null or "None" or "ReadOnly" or "ReadWrite"))
        {
            _errors.NotSupported(path.Child("cachingMode"), disk.CachingMode, ["None", "ReadOnly", "ReadWrite"]);
        }

        if (disk.Kind is not (null or "Dedicated" or "Managed" or "Shared"))
        {
            _errors.NotSupported(path.Child("kind"), disk.Kind, ["Dedicated", "Managed", "Shared"]);
        }

        var uri = disk.DiskURI ?? "";
        if (disk.Kind == "Managed" && !uri.StartsWith("/subscriptions/", StringComparison.Ordinal))
        {
            _errors.NotSupported(
                path.Child("diskURI"),
                uri,
                ["/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"]);
        }

        if (disk.Kind is not (null or "Managed") && !uri.StartsWith("https://", StringComparison.Ordinal))
        {
            _errors.NotSupported(
                path.Child("diskURI"), uri, ["https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"]);
        }
    }

    [GeneratedRegex(@"iqn\.\d{4}-\d{2}\.([A-Za-z0-9-.]+)(:[^,;*&$|\s]+)\z")]
    private static partial Regex IqnPattern();

    [GeneratedRegex(@"^eui.[A-Za-z0-9]{16}\z")]
    private static partial Regex EuiPattern();

    [GeneratedRegex(@"^naa.[A-Za-z0-9]{32}\z")]
    private static partial Regex NaaPattern();

    [GeneratedRegex(@"^([^:\[\]]*|\[[^\[\]]*\]):[^:\[\]]*\z")]
    private static partial Regex HostPortPattern();
}
