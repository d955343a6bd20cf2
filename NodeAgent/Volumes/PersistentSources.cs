using k8s.Models;
using OrleansOrchestrator.NodeAgent.Csi;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// What a PersistentVolume is made of: what the node mounts, what it says of kinds that it does not mount, and those
/// of old that upstream has handed over to CSI drivers. Pure.
/// </summary>
public static class PersistentSources
{
    /// <summary>Kinds that have no plugin any more, upstream either, are not begun.</summary>
    public static bool HasPlugin(V1PersistentVolumeSpec spec) => Driver(spec) is not null || spec is
        { HostPath: not null } or { Local: not null } or { Nfs: not null } or { Iscsi: not null } or { Fc: not null }
            or { FlexVolume: not null };

    /// <summary>Why the node cannot mount it; null when it can.</summary>
    public static VolumeException? Problem(V1PersistentVolumeSpec spec) => spec switch
    {
        { HostPath: not null } or { Local: not null } or { Csi: not null } or { Nfs: not null } => null,
        { Iscsi: not null } => NotMounted("iscsi"),
        { Fc: not null } => NotMounted("fc"),
        { FlexVolume: not null } => NotMounted("flexVolume"),
        _ => new VolumeException(
            "kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: " +
            CsiDrivers.NotFound(Driver(spec)!))
        {
            Stage = "MountVolume.MountDevice",
        },
    };

    private static string? Driver(V1PersistentVolumeSpec spec) => spec switch
    {
        { Csi: { } csi } => csi.Driver,
        { AwsElasticBlockStore: not null } => "ebs.csi.aws.com",
        { AzureDisk: not null } => "disk.csi.azure.com",
        { AzureFile: not null } => "file.csi.azure.com",
        { Cinder: not null } => "cinder.csi.openstack.org",
        { GcePersistentDisk: not null } => "pd.csi.storage.gke.io",
        { PortworxVolume: not null } => "pxd.portworx.com",
        { VsphereVolume: not null } => "csi.vsphere.vmware.com",
        _ => null,
    };

    private static VolumeException NotMounted(string kind) => new($"the node does not mount {kind} volumes");
}
