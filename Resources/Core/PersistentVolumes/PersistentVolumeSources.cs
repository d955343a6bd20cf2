using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.PersistentVolumes;

/// <summary>
/// Validation of where a persistent volume's data is: the first source that is set is looked at, all others are too
/// many. What pods can name too has the pods' rules.
/// </summary>
internal sealed class PersistentVolumeSources(
    V1PersistentVolumeSpec spec, string name, FieldPath path, FieldErrors errors)
{
    private const int MaxIscsiName = 64;

    private readonly PodSpecValidator _pods = new(new V1PodSpec(), null, path, errors);

    public void Validate()
    {
        var count = 0;
        foreach (var (field, validate) in InOrder())
        {
            // Upstream lets a flex volume stand beside others.
            if (count++ > 0 && field != "flexVolume")
            {
                errors.Forbidden(path.Child(field), "may not specify more than 1 volume type");
            }
            else
            {
                validate();
            }
        }

        if (count == 0)
        {
            errors.Required(path, "must specify a volume type");
        }
    }

    private IEnumerable<(string Field, Action Validate)> InOrder() => new (string Field, Action? Validate)[]
    {
        ("hostPath", If(spec.HostPath, s => _pods.HostPath(s, path.Child("hostPath")))),
        (
            "gcePersistentDisk",
            If(spec.GcePersistentDisk, s => Disk(s.PdName, "pdName", s.Partition, "persistentDisk"))),
        (
            "awsElasticBlockStore",
            If(spec.AwsElasticBlockStore, s => Disk(s.VolumeID, "volumeID", s.Partition, "awsElasticBlockStore"))),
        ("glusterfs", If(spec.Glusterfs, s => Gluster(s, path.Child("glusterfs")))),
        ("flocker", If(spec.Flocker, s => _pods.Flocker(s, path.Child("flocker")))),
        ("nfs", If(spec.Nfs, s => _pods.Nfs(s, path.Child("nfs")))),
        ("rbd", If(spec.Rbd, s => Rbd(s, path.Child("rbd")))),
        ("quobyte", If(spec.Quobyte, s => _pods.Quobyte(s, path.Child("quobyte")))),
        ("cephFS", If(spec.Cephfs, s => _pods.NeedsItems(s.Monitors, path.Child("cephfs"), "monitors"))),
        ("iscsi", If(spec.Iscsi, s => Iscsi(s, path.Child("iscsi")))),
        ("cinder", If(spec.Cinder, s => Cinder(s, path.Child("cinder")))),
        ("fc", If(spec.Fc, s => _pods.FibreChannel(s, path.Child("fc")))),
        ("flexVolume", If(spec.FlexVolume, s => Flex(s, path.Child("flexVolume")))),
        ("azureFile", If(spec.AzureFile, s => AzureFile(s, path.Child("azureFile")))),
        ("vsphereVolume", If(spec.VsphereVolume, s => Needs(s.VolumePath, "vsphereVolume", "volumePath"))),
        (
            "photonPersistentDisk",
            If(spec.PhotonPersistentDisk, s => Needs(s.PdID, "photonPersistentDisk", "pdID"))),
        ("portworxVolume", If(spec.PortworxVolume, s => Needs(s.VolumeID, "portworxVolume", "volumeID"))),
        ("azureDisk", If(spec.AzureDisk, s => _pods.AzureDisk(s, path.Child("azureDisk")))),
        ("scaleIO", If(spec.ScaleIO, s => ScaleIO(s, path.Child("scaleIO")))),
        ("local", If(spec.Local, s => Local(s, path.Child("local")))),
        ("storageos", If(spec.Storageos, s => StorageOS(s, path.Child("storageos")))),
        ("csi", If(spec.Csi, s => Csi(s, path.Child("csi")))),
    }.Where(s => s.Validate is not null).Select(s => (s.Field, s.Validate!));

    private static Action? If<T>(T? source, Action<T> validate)
        where T : class => source is null ? null : () => validate(source);

    private void Needs(string? value, string source, string field) =>
        _pods.NeedsText(value, path.Child(source), field);

    private void Disk(string? id, string field, int? partition, string source)
    {
        Needs(id, source, field);
        _pods.Partition(partition, path.Child(source));
    }

    private void Gluster(V1GlusterfsPersistentVolumeSource source, FieldPath at)
    {
        _pods.NeedsText(source.Endpoints, at, "endpoints");
        _pods.NeedsText(source.Path, at, "path");
        if (source.EndpointsNamespace is not { } space)
        {
            return;
        }

        if (space.Length == 0)
        {
            errors.Invalid(
                at.Child("endpointsNamespace"),
                space,
                "if the endpointnamespace is set, it must be a valid namespace name");
        }

        _pods.Label(at, "endpointsNamespace", space);
    }

    private void Rbd(V1RBDPersistentVolumeSource source, FieldPath at)
    {
        _pods.NeedsItems(source.Monitors, at, "monitors");
        _pods.NeedsText(source.Image, at, "image");
    }

    private void Iscsi(V1ISCSIPersistentVolumeSource source, FieldPath at)
    {
        _pods.NeedsText(source.TargetPortal, at, "targetPortal");
        if (source.InitiatorName is not null && $"{name}:{source.TargetPortal}".Length > MaxIscsiName)
        {
            errors.Invalid(
                at.Child("targetportal"),
                source.TargetPortal ?? "",
                "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if " +
                "iscsi.initiatorName is specified.");
        }

        _pods.IscsiTarget(
            new V1ISCSIVolumeSource
            {
                Iqn = source.Iqn,
                Lun = source.Lun,
                InitiatorName = source.InitiatorName,
                ChapAuthDiscovery = source.ChapAuthDiscovery, ChapAuthSession = source.ChapAuthSession,
                SecretRef = source.SecretRef is { } secret ? new V1LocalObjectReference { Name = secret.Name } : null,
            },
            at,
            isOfPod: false);
    }

    private void Cinder(V1CinderPersistentVolumeSource source, FieldPath at)
    {
        _pods.NeedsText(source.VolumeID, at, "volumeID");
        if (source.SecretRef is { } secret)
        {
            NeedsSecret(secret.Name, secret.NamespaceProperty, at.Child("secretRef"));
        }
    }

    private void NeedsSecret(string? secret, string? space, FieldPath at)
    {
        _pods.NeedsText(secret, at, "name");
        _pods.NeedsText(space, at, "namespace");
    }

    private void Flex(V1FlexPersistentVolumeSource source, FieldPath at) =>
        _pods.Flex(new V1FlexVolumeSource { Driver = source.Driver, Options = source.Options }, at);

    private void AzureFile(V1AzureFilePersistentVolumeSource source, FieldPath at)
    {
        _pods.NeedsText(source.SecretName, at, "secretName");
        _pods.NeedsText(source.ShareName, at, "shareName");
        if (source.SecretNamespace is { Length: 0 })
        {
            errors.Required(at.Child("secretNamespace"));
        }
    }

    private void ScaleIO(V1ScaleIOPersistentVolumeSource source, FieldPath at)
    {
        _pods.NeedsText(source.Gateway, at, "gateway");
        _pods.NeedsText(source.System, at, "system");
        _pods.NeedsText(source.VolumeName, at, "volumeName");
    }

    private void Local(V1LocalVolumeSource source, FieldPath at)
    {
        _pods.NeedsText(source.Path, at, "path");
        if (!string.IsNullOrEmpty(source.Path))
        {
            _pods.NoBacksteps(source.Path, at.Child("path"));
        }

        if (spec.NodeAffinity is null)
        {
            errors.Required(path.Child("nodeAffinity"), "Local volume requires node affinity");
        }
    }

    private void StorageOS(V1StorageOSPersistentVolumeSource source, FieldPath at)
    {
        _pods.NeedsText(source.VolumeName, at, "volumeName");
        _pods.Label(at, "volumeName", source.VolumeName);
        _pods.Label(at, "volumeNamespace", source.VolumeNamespace);
        if (source.SecretRef is { } secret)
        {
            NeedsSecret(secret.Name, secret.NamespaceProperty, at.Child("secretRef"));
        }
    }

    private void Csi(V1CSIPersistentVolumeSource source, FieldPath at)
    {
        PodSpecValidator.CsiDriverName(source.Driver, at.Child("driver"), errors);
        _pods.NeedsText(source.VolumeHandle, at, "volumeHandle");
        CsiSecret(source.ControllerPublishSecretRef, at.Child("controllerPublishSecretRef"));
        CsiSecret(source.ControllerExpandSecretRef, at.Child("controllerExpandSecretRef"));
        CsiSecret(source.NodePublishSecretRef, at.Child("nodePublishSecretRef"));
        CsiSecret(source.NodeExpandSecretRef, at.Child("nodeExpandSecretRef"));
    }

    private void CsiSecret(V1SecretReference? secret, FieldPath at)
    {
        if (secret is null)
        {
            return;
        }

        _pods.NeedsText(secret.Name, at, "name");
        _pods.Subdomain(at, "name", secret.Name);
        _pods.NeedsText(secret.NamespaceProperty, at, "namespace");
        _pods.Label(at, "namespace", secret.NamespaceProperty);
    }
}
