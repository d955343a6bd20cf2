using k8s;
using k8s.Models;

namespace OrleansOrchestrator.Grains.Core.PersistentVolumes;

/// <summary>
/// What upstream's controller manager knows of volumes: the few kinds that it looks after itself, and those that were
/// handed over to CSI drivers.
/// </summary>
internal static class VolumePlugins
{
    /// <summary>Keeps a volume that a plugin of the cluster's own has made until its storage is deleted.</summary>
    public const string DeletionFinalizer = "kubernetes.io/pv-controller";

    private const string BuiltInPrefix = "kubernetes.io/";
    private const string HostPath = "kubernetes.io/host-path";

    private static readonly Dictionary<string, string> Migrated = new(StringComparer.Ordinal)
    {
        ["kubernetes.io/aws-ebs"] = "ebs.csi.aws.com",
        ["kubernetes.io/azure-disk"] = "disk.csi.azure.com",
        ["kubernetes.io/azure-file"] = "file.csi.azure.com",
        ["kubernetes.io/cinder"] = "cinder.csi.openstack.org",
        ["kubernetes.io/gce-pd"] = "pd.csi.storage.gke.io",
        ["kubernetes.io/portworx-volume"] = "pxd.portworx.com",
        ["kubernetes.io/vsphere-volume"] = "csi.vsphere.vmware.com",
    };

    /// <summary>Plugins that exist, and neither provision nor delete.</summary>
    private static readonly string[] Passive =
        ["kubernetes.io/nfs", "kubernetes.io/local-volume", "kubernetes.io/csi"];

    /// <summary>
    /// Notes on a volume or a claim which driver its plugin was handed over to; false when that is right already.
    /// </summary>
    /// <param name="item">The volume or claim.</param>
    /// <param name="maker">The plugin that made its volume or is to make it; null when nobody says.</param>
    public static bool NoteDriver(IKubernetesObject<V1ObjectMeta> item, string? maker)
    {
        var driver = Migrated.GetValueOrDefault(maker ?? "");
        if (maker is null || (driver ?? "") == (item.GetAnnotation(VolumeAnnotations.MigratedTo) ?? ""))
        {
            return false;
        }

        item.SetAnnotation(VolumeAnnotations.MigratedTo, driver);
        return true;
    }

    /// <summary>
    /// Gives a volume the finalizers of who is to delete its storage, where that was made for a claim; false when it
    /// has them. One that is being deleted gets none any more.
    /// </summary>
    public static bool NoteFinalizers(V1PersistentVolume volume)
    {
        var maker = volume.GetAnnotation(VolumeAnnotations.ProvisionedBy) ?? "";
        var isMigrated = Migrated.ContainsKey(maker);
        if (!isMigrated && !maker.StartsWith(BuiltInPrefix, StringComparison.Ordinal))
        {
            return false;
        }

        var all = volume.Metadata.Finalizers ?? [];
        var (isOurs, has) = (!isMigrated && VolumePlanner.IsDeleted(volume), all.Contains(DeletionFinalizer));
        List<string> wanted =
            [.. all.Where(f => f == DeletionFinalizer ? isOurs : isMigrated || f != LocalPath.Finalizer)];
        if (isOurs && !has && volume.Metadata.DeletionTimestamp is null)
        {
            wanted.Add(DeletionFinalizer);
        }

        if (wanted.SequenceEqual(all))
        {
            return false;
        }

        volume.Metadata.Finalizers = wanted;
        return true;
    }

    /// <summary>Who outside makes volumes in the name of a class's provisioner, or why nobody does.</summary>
    public static (string? External, string? Refusal) Provision(string provisioner) => provisioner switch
    {
        _ when Migrated.TryGetValue(provisioner, out var driver) => (driver, null),
        _ when !provisioner.StartsWith(BuiltInPrefix, StringComparison.Ordinal) => (provisioner, null),
        HostPath =>
            (null, $"Failed to create provisioner: provisioning in volume plugin \"{HostPath}\" is disabled"),
        _ when Passive.Contains(provisioner) => (null, "no provisionable volume plugin matched"),
        _ => (null, NoPlugin(provisioner)),
    };

    /// <summary>Whether somebody outside deletes a released volume, or why nobody can; neither when we may.</summary>
    public static (bool IsExternal, string? Refusal) Delete(V1PersistentVolume volume)
    {
        var maker = volume.GetAnnotation(VolumeAnnotations.ProvisionedBy) ?? "";
        if (Migrated.ContainsKey(maker)
            || (maker.Length > 0 && !maker.StartsWith(BuiltInPrefix, StringComparison.Ordinal)))
        {
            return (true, null);
        }

        if (maker.Length > 0 && maker != HostPath)
        {
            return (false, Passive.Contains(maker) ? "no deletable volume plugin matched" : NoPlugin(maker));
        }

        var spec = volume.Spec;
        return (false, spec switch
        {
            { HostPath: { } host } => IsTemporary(host.Path)
                ? null
                : $"host_path deleter only supports /tmp/.+ but received provided {host.Path}",
            { Nfs: not null } or { Local: not null } or { Csi: not null } =>
                NoDeleter(volume, "no deletable volume plugin matched"),
            _ => NoDeleter(volume, "no volume plugin matched"),
        });
    }

    /// <summary>The plugin of a volume that was handed over, and the driver that has it; null for others.</summary>
    public static (string Plugin, string Driver)? MigratedOf(V1PersistentVolume volume)
    {
        var plugin = volume.Spec switch
        {
            { AwsElasticBlockStore: not null } => "kubernetes.io/aws-ebs",
            { AzureDisk: not null } => "kubernetes.io/azure-disk",
            { AzureFile: not null } => "kubernetes.io/azure-file",
            { Cinder: not null } => "kubernetes.io/cinder",
            { GcePersistentDisk: not null } => "kubernetes.io/gce-pd",
            { PortworxVolume: not null } => "kubernetes.io/portworx-volume",
            { VsphereVolume: not null } => "kubernetes.io/vsphere-volume",
            _ => null,
        };
        return plugin is null ? null : (plugin, Migrated[plugin]);
    }

    private static bool IsTemporary(string path)
    {
        const string root = "/tmp/";
        var at = path.IndexOf(root, StringComparison.Ordinal);
        return at >= 0 && at + root.Length < path.Length;
    }

    private static string NoPlugin(string name) => $"no volume plugin matched name: {name}";

    private static string NoDeleter(V1PersistentVolume volume, string why) =>
        $"error getting deleter volume plugin for volume \"{volume.Metadata.Name}\": {why}";
}
