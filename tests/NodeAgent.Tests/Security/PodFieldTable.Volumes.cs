using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Tests.Security;

/// <content>Volumes.</content>
internal static partial class PodFieldTable
{
    private static List<V1Volume> BaselineVolumes() =>
    [
        new() { Name = "empty", EmptyDir = new V1EmptyDirVolumeSource() },
        new() { Name = "empty2", EmptyDir = new V1EmptyDirVolumeSource() },
        new() { Name = "map",
            ConfigMap = new V1ConfigMapVolumeSource { Name = "one",
            Items = [new V1KeyToPath { Key = "a", Path = "a" }] } },
        new() { Name = "secret", Secret = new V1SecretVolumeSource { SecretName = "one" } },
        new()
        {
            Name = "info",
            DownwardAPI = new V1DownwardAPIVolumeSource
            {
                Items =
                [
                    new V1DownwardAPIVolumeFile { Path = "name",
                        FieldRef = new V1ObjectFieldSelector { FieldPath = "metadata.name" } },
                    new V1DownwardAPIVolumeFile { Path = "cpu",
                        ResourceFieldRef = new V1ResourceFieldSelector { ContainerName = "c",
                        Resource = "limits.cpu" } },
                ],
            },
        },
        new()
        {
            Name = "projected",
            Projected = new V1ProjectedVolumeSource
            {
                Sources =
                [
                    new V1VolumeProjection { ConfigMap = new V1ConfigMapProjection { Name = "one" } },
                    new V1VolumeProjection { Secret = new V1SecretProjection { Name = "one",
                        Items = [new V1KeyToPath { Key = "a", Path = "sa" }] } },
                    new V1VolumeProjection { DownwardAPI = new V1DownwardAPIProjection { Items = [new V1DownwardAPIVolumeFile { Path = "uid", FieldRef = new V1ObjectFieldSelector { FieldPath = "metadata.uid" } }] } },
                    new V1VolumeProjection { ServiceAccountToken = new V1ServiceAccountTokenProjection { Path = "token",
                        Audience = "api", ExpirationSeconds = 3600 } },
                ],
            },
        },
    ];

    private static IEnumerable<PodFieldRow> OfVolumes() =>
    [
        Done("V1Volume", "name", Aspect.Containers, p => p.Spec.Volumes[0].Name = "other"),
        Holds("V1Volume", "configMap downwardAPI emptyDir hostPath image nfs projected secret"),
        NoPlugin("awsElasticBlockStore", v => v.AwsElasticBlockStore = new V1AWSElasticBlockStoreVolumeSource()),
        NoPlugin("azureDisk", v => v.AzureDisk = new V1AzureDiskVolumeSource()),
        NoPlugin("azureFile", v => v.AzureFile = new V1AzureFileVolumeSource()),
        NoPlugin("cephfs", v => v.Cephfs = new V1CephFSVolumeSource()),
        NoPlugin("cinder", v => v.Cinder = new V1CinderVolumeSource()),
        NoPlugin("fc", v => v.Fc = new V1FCVolumeSource()),
        NoPlugin("flexVolume", v => v.FlexVolume = new V1FlexVolumeSource()),
        NoPlugin("flocker", v => v.Flocker = new V1FlockerVolumeSource()),
        NoPlugin("gcePersistentDisk", v => v.GcePersistentDisk = new V1GCEPersistentDiskVolumeSource()),
        NoPlugin("gitRepo", v => v.GitRepo = new V1GitRepoVolumeSource()),
        NoPlugin("glusterfs", v => v.Glusterfs = new V1GlusterfsVolumeSource()),
        NoPlugin("iscsi", v => v.Iscsi = new V1ISCSIVolumeSource()),
        NoPlugin("photonPersistentDisk", v => v.PhotonPersistentDisk = new V1PhotonPersistentDiskVolumeSource()),
        NoPlugin("portworxVolume", v => v.PortworxVolume = new V1PortworxVolumeSource()),
        NoPlugin("quobyte", v => v.Quobyte = new V1QuobyteVolumeSource()),
        NoPlugin("rbd", v => v.Rbd = new V1RBDVolumeSource()),
        NoPlugin("scaleIO", v => v.ScaleIO = new V1ScaleIOVolumeSource()),
        NoPlugin("storageos", v => v.Storageos = new V1StorageOSVolumeSource()),
        NoPlugin("vsphereVolume", v => v.VsphereVolume = new V1VsphereVirtualDiskVolumeSource()),
        Unmountable("persistentVolumeClaim",
            Unmounted("v",
                "error processing PVC default/disk: failed to fetch PVC from API server: persistentvolumeclaims \"disk\" not found"),
            v => v.PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = "disk" }),
        Unmountable("ephemeral",
            Unmounted("v",
                "error processing PVC default/p-v: failed to fetch PVC from API server: persistentvolumeclaims \"p-v\" not found"),
            v => v.Ephemeral = new V1EphemeralVolumeSource()),
        Unmountable("csi",
            "kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name example.com not found in the list of registered CSI drivers",
            v => v.Csi = new V1CSIVolumeSource { Driver = "example.com" }),
        Tested("V1NFSVolumeSource", "server", "A_pods_own_export_is_mounted_once_and_taken_down"),
        Tested("V1NFSVolumeSource", "path", "A_pods_own_export_is_mounted_once_and_taken_down"),
        Tested("V1NFSVolumeSource", "readOnly", "A_pods_own_export_is_mounted_once_and_taken_down"),
        Tested("V1ImageVolumeSource", "reference", "An_image_is_a_volume_that_nobody_writes"),
        Tested("V1ImageVolumeSource", "pullPolicy", "A_volume_whose_image_is_not_there_keeps_its_containers_waiting"),

        Done("V1ConfigMapVolumeSource", "name", Aspect.Volumes, p => Volume(p, "map").ConfigMap.Name = "two"),
        Done("V1ConfigMapVolumeSource", "defaultMode", Aspect.Volumes, p =>
            Volume(p, "map").ConfigMap.DefaultMode = 256),
        Done("V1ConfigMapVolumeSource", "optional", Aspect.Volumes, p => Volume(p, "map").ConfigMap.Optional = true)
            with { Given = p => Volume(p, "map").ConfigMap.Name = "none" },
        Holds("V1ConfigMapVolumeSource", "items"),
        Done("V1KeyToPath", "key", Aspect.Volumes, p => Volume(p, "map").ConfigMap.Items[0].Key = "b"),
        Done("V1KeyToPath", "path", Aspect.Volumes, p => Volume(p, "map").ConfigMap.Items[0].Path = "b"),
        Done("V1KeyToPath", "mode", Aspect.Volumes, p => Volume(p, "map").ConfigMap.Items[0].Mode = 256),
        Done("V1SecretVolumeSource", "secretName", Aspect.Volumes, p => Volume(p, "secret").Secret.SecretName = "two"),
        Done("V1SecretVolumeSource", "defaultMode", Aspect.Volumes, p => Volume(p, "secret").Secret.DefaultMode = 256),
        Done("V1SecretVolumeSource", "items", Aspect.Volumes, p =>
            Volume(p, "secret").Secret.Items = [new V1KeyToPath { Key = "a", Path = "z" }]),
        Done("V1SecretVolumeSource", "optional", Aspect.Volumes, p => Volume(p, "secret").Secret.Optional = true)
            with { Given = p => Volume(p, "secret").Secret.SecretName = "none" },
        Done("V1DownwardAPIVolumeSource", "defaultMode", Aspect.Volumes, p =>
            Volume(p, "info").DownwardAPI.DefaultMode = 256),
        Holds("V1DownwardAPIVolumeSource", "items"),
        Done("V1DownwardAPIVolumeFile", "path", Aspect.Volumes, p =>
            Volume(p, "info").DownwardAPI.Items[0].Path = "other"),
        Done("V1DownwardAPIVolumeFile", "mode", Aspect.Volumes, p => Volume(p, "info").DownwardAPI.Items[0].Mode = 256),
        Done("V1DownwardAPIVolumeFile", "fieldRef", Aspect.Volumes, p =>
            Volume(p, "info").DownwardAPI.Items[0].FieldRef.FieldPath = "metadata.uid"),
        Done("V1DownwardAPIVolumeFile", "resourceFieldRef", Aspect.Volumes, p =>
            Volume(p, "info").DownwardAPI.Items[1].ResourceFieldRef.ContainerName = "i")
            with { Given = p => p.Spec.InitContainers[0].Resources = Amounts("2", "1Gi") },
        Tested("V1EmptyDirVolumeSource", "medium", "Volumes_are_mounted_and_follow_their_objects"),
        Tested("V1EmptyDirVolumeSource", "sizeLimit", "An_emptyDir_over_its_limit_ends_the_pod"),
        Tested("V1HostPathVolumeSource", "path",
            "A_volume_in_use_keeps_its_pod_until_it_is_free_and_nothing_is_deleted_through_it"),
        Tested("V1HostPathVolumeSource", "type", "What_a_hostPath_must_be_is_looked_at"),

        Done("V1ProjectedVolumeSource", "defaultMode", Aspect.Volumes, p =>
            Volume(p, "projected").Projected.DefaultMode = 256),
        Holds("V1ProjectedVolumeSource", "sources"),
        Holds("V1VolumeProjection", "configMap downwardAPI secret serviceAccountToken"),
        Elsewhere("V1VolumeProjection", "clusterTrustBundle podCertificate", Api),
        Done("V1ConfigMapProjection", "name", Aspect.Volumes, p => Part(p, 0).ConfigMap.Name = "two"),
        Done("V1ConfigMapProjection", "items", Aspect.Volumes, p =>
            Part(p, 0).ConfigMap.Items = [new V1KeyToPath { Key = "a", Path = "z" }]),
        Done("V1ConfigMapProjection", "optional", Aspect.Volumes, p => Part(p, 0).ConfigMap.Optional = true)
            with { Given = p => Part(p, 0).ConfigMap.Name = "none" },
        Done("V1SecretProjection", "name", Aspect.Volumes, p => Part(p, 1).Secret.Name = "two"),
        Done("V1SecretProjection", "items", Aspect.Volumes, p =>
            Part(p, 1).Secret.Items = [new V1KeyToPath { Key = "b", Path = "z" }]),
        Done("V1SecretProjection", "optional", Aspect.Volumes, p => Part(p, 1).Secret.Optional = true)
            with { Given = p => Part(p, 1).Secret.Name = "none" },
        Done("V1DownwardAPIProjection", "items", Aspect.Volumes, p => Part(p, 2).DownwardAPI.Items[0].Path = "other"),
        Done("V1ServiceAccountTokenProjection", "path", Aspect.Volumes, p =>
            Part(p, 3).ServiceAccountToken.Path = "other"),
        Done("V1ServiceAccountTokenProjection", "audience", Aspect.Volumes, p =>
            Part(p, 3).ServiceAccountToken.Audience = "other"),
        Done("V1ServiceAccountTokenProjection", "expirationSeconds", Aspect.Volumes, p =>
            Part(p, 3).ServiceAccountToken.ExpirationSeconds = 7200),
    ];

    private static V1Volume Volume(V1Pod pod, string name) => pod.Spec.Volumes.Single(v => v.Name == name);

    private static V1VolumeProjection Part(V1Pod pod, int index) => Volume(pod, "projected").Projected.Sources[index];

    private static PodFieldRow NoPlugin(string kind, Action<V1Volume> set) => Unmountable(
        kind, Unmounted("v", "failed to get Plugin from volumeSpec for volume \"v\" err=no volume plugin matched"),
            set);

    private static PodFieldRow Unmountable(string kind, string text, Action<V1Volume> set) =>
        Says("V1Volume", kind, Aspect.Volumes, text, pod =>
    {
        var volume = new V1Volume { Name = "v" };
        set(volume);
        pod.Spec.Volumes.Add(volume);
        First(pod).VolumeMounts.Add(new V1VolumeMount { Name = "v", MountPath = "/v" });
    });

    private static string Unmounted(string volume, string problem) =>
        $"Unable to attach or mount volumes: unmounted volumes=[{volume}], unattached volumes=[], failed to process volumes=[{volume}]: {problem}";
}
