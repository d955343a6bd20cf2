using k8s.Models;

namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity.Checks;

/// <summary>
/// Volumes hold what the cluster gives, or what claims stand for; nothing names remote storage itself.
/// </summary>
internal static class RestrictedVolumes
{
    public static readonly PodSecurityCheck Check = new(
        "restrictedVolumes", PodSecurityLevel.Restricted, new PodSecurityRevision(0, Find, HostPathVolumes.Id));

    private static PodSecurityViolation? Find(CheckedPod pod)
    {
        var bad = (pod.Spec.Volumes ?? []).Where(v => !IsAllowed(v)).ToList();
        if (bad.Count == 0)
        {
            return null;
        }

        var types = Wording.Sorted(bad.Select(TypeOf));
        return new PodSecurityViolation(
            "restricted volume types",
            $"{Wording.Plural(bad.Count, "volume", "volumes")} {Wording.Quote(bad.Select(v => v.Name ?? ""))} " +
            $"{Wording.Plural(bad.Count, "uses", "use")} {Wording.Plural(types.Count, "restricted volume type", "restricted volume types")} " +
            Wording.Quote(types));
    }

    private static bool IsAllowed(V1Volume v) =>
        v.ConfigMap is not null || v.Csi is not null || v.DownwardAPI is not null || v.EmptyDir is not null
            || v.Ephemeral is not null ||
        v.Image is not null || v.PersistentVolumeClaim is not null || v.Projected is not null || v.Secret is not null;

    private static string TypeOf(V1Volume volume) => volume switch
    {
        { HostPath: not null } => "hostPath",
        { GcePersistentDisk: not null } => "gcePersistentDisk",
        { AwsElasticBlockStore: not null } => "awsElasticBlockStore",
        { GitRepo: not null } => "gitRepo",
        { Nfs: not null } => "nfs",
        { Iscsi: not null } => "iscsi",
        { Glusterfs: not null } => "glusterfs",
        { Rbd: not null } => "rbd",
        { FlexVolume: not null } => "flexVolume",
        { Cinder: not null } => "cinder",
        { Cephfs: not null } => "cephfs",
        { Flocker: not null } => "flocker",
        { Fc: not null } => "fc",
        { AzureFile: not null } => "azureFile",
        { VsphereVolume: not null } => "vsphereVolume",
        { Quobyte: not null } => "quobyte",
        { AzureDisk: not null } => "azureDisk",
        { PhotonPersistentDisk: not null } => "photonPersistentDisk",
        { PortworxVolume: not null } => "portworxVolume",
        { ScaleIO: not null } => "scaleIO",
        { Storageos: not null } => "storageos",
        _ => "unknown",
    };
}
