using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel;

/// <content>Volumes.</content>
internal static partial class ModelLayouts
{
    private static void AddVolumes(Dictionary<Type, string> texts)
    {
        texts[typeof(V1Volume)] =
            "Name! HostPath* EmptyDir* GCEPersistentDisk* AWSElasticBlockStore* GitRepo* Secret* NFS* ISCSI* Glusterfs* " +
            "PersistentVolumeClaim* RBD* Quobyte* FlexVolume* Cinder* CephFS* Flocker* DownwardAPI* FC* AzureFile* ConfigMap* VsphereVolume* " +
            "AzureDisk* PhotonPersistentDisk* Projected* PortworxVolume* ScaleIO* StorageOS* CSI* Ephemeral* Image*";
        texts[typeof(V1HostPathVolumeSource)] = "Path! Type*";
        texts[typeof(V1EmptyDirVolumeSource)] = "Medium SizeLimit*";
        texts[typeof(V1GCEPersistentDiskVolumeSource)] = "PDName! FSType Partition ReadOnly=ReadOnlyProperty";
        texts[typeof(V1AWSElasticBlockStoreVolumeSource)] = "VolumeID! FSType Partition ReadOnly=ReadOnlyProperty";
        texts[typeof(V1GitRepoVolumeSource)] = "Repository! Revision Directory";
        texts[typeof(V1SecretVolumeSource)] = "SecretName Items DefaultMode* Optional*";
        texts[typeof(V1NFSVolumeSource)] = "Server! Path! ReadOnly=ReadOnlyProperty";
        texts[typeof(V1ISCSIVolumeSource)] =
            "TargetPortal! IQN! Lun! ISCSIInterface FSType ReadOnly=ReadOnlyProperty Portals DiscoveryCHAPAuth=ChapAuthDiscovery " +
            "SessionCHAPAuth=ChapAuthSession SecretRef* InitiatorName*";
        texts[typeof(V1GlusterfsVolumeSource)] = "EndpointsName=Endpoints! Path! ReadOnly=ReadOnlyProperty";
        texts[typeof(V1PersistentVolumeClaimVolumeSource)] = "ClaimName! ReadOnly=ReadOnlyProperty";
        texts[typeof(V1RBDVolumeSource)] =
            "CephMonitors=Monitors RBDImage=Image! FSType RBDPool=Pool RadosUser=User Keyring SecretRef* ReadOnly=ReadOnlyProperty";
        texts[typeof(V1QuobyteVolumeSource)] = "Registry! Volume! ReadOnly=ReadOnlyProperty User Group Tenant";
        texts[typeof(V1FlexVolumeSource)] = "Driver! FSType SecretRef* ReadOnly=ReadOnlyProperty Options";
        texts[typeof(V1CinderVolumeSource)] = "VolumeID! FSType ReadOnly=ReadOnlyProperty SecretRef*";
        texts[typeof(V1CephFSVolumeSource)] = "Monitors Path User SecretFile SecretRef* ReadOnly=ReadOnlyProperty";
        texts[typeof(V1FlockerVolumeSource)] = "DatasetName DatasetUUID";
        texts[typeof(V1DownwardAPIVolumeSource)] = "Items DefaultMode*";
        texts[typeof(V1DownwardAPIVolumeFile)] = "Path! FieldRef* ResourceFieldRef* Mode*";
        texts[typeof(V1FCVolumeSource)] = "TargetWWNs Lun* FSType ReadOnly=ReadOnlyProperty WWIDs";
        texts[typeof(V1AzureFileVolumeSource)] = "SecretName! ShareName! ReadOnly=ReadOnlyProperty";
        texts[typeof(V1ConfigMapVolumeSource)] = "Name Items DefaultMode* Optional*";
        texts[typeof(V1VsphereVirtualDiskVolumeSource)] = "VolumePath! FSType StoragePolicyName StoragePolicyID";
        texts[typeof(V1AzureDiskVolumeSource)] =
            "DiskName! DataDiskURI=DiskURI! CachingMode* FSType* ReadOnly=ReadOnlyProperty* Kind*";
        texts[typeof(V1PhotonPersistentDiskVolumeSource)] = "PdID! FSType";
        texts[typeof(V1ProjectedVolumeSource)] = "Sources DefaultMode*";
        texts[typeof(V1PortworxVolumeSource)] = "VolumeID! FSType ReadOnly=ReadOnlyProperty";
        texts[typeof(V1ScaleIOVolumeSource)] =
            "Gateway! System! SecretRef* SSLEnabled ProtectionDomain StoragePool StorageMode VolumeName FSType ReadOnly=ReadOnlyProperty";
        texts[typeof(V1StorageOSVolumeSource)] = "VolumeName VolumeNamespace FSType ReadOnly=ReadOnlyProperty SecretRef*";
        texts[typeof(V1CSIVolumeSource)] = "Driver! ReadOnly=ReadOnlyProperty* FSType* VolumeAttributes NodePublishSecretRef*";
        texts[typeof(V1EphemeralVolumeSource)] = "VolumeClaimTemplate*";
        texts[typeof(V1ImageVolumeSource)] = "Reference PullPolicy";
        AddProjections(texts);
    }

    private static void AddProjections(Dictionary<Type, string> texts)
    {
        texts[typeof(V1KeyToPath)] = "Key! Path! Mode*";
        texts[typeof(V1VolumeProjection)] =
            "Secret* DownwardAPI* ConfigMap* ServiceAccountToken* ClusterTrustBundle* PodCertificate*";
        texts[typeof(V1SecretProjection)] = "Name Items Optional*";
        texts[typeof(V1ConfigMapProjection)] = "Name Items Optional*";
        texts[typeof(V1DownwardAPIProjection)] = "Items";
        texts[typeof(V1ServiceAccountTokenProjection)] = "Audience ExpirationSeconds! Path!";
        texts[typeof(V1ClusterTrustBundleProjection)] = "Name* SignerName* LabelSelector* Optional* Path!";
        texts[typeof(V1PodCertificateProjection)] =
            "SignerName KeyType MaxExpirationSeconds* CredentialBundlePath KeyPath CertificateChainPath UserAnnotations";
        texts[typeof(V1PersistentVolumeClaimTemplate)] = "Metadata! Spec!";
        texts[typeof(V1PersistentVolumeClaimSpec)] =
            "AccessModes Selector* Resources! VolumeName StorageClassName* VolumeMode* DataSource* DataSourceRef* VolumeAttributesClassName*";
        texts[typeof(V1VolumeResourceRequirements)] = "Limits Requests";
        texts[typeof(V1TypedLocalObjectReference)] = "APIGroup* Kind! Name!";
        texts[typeof(V1TypedObjectReference)] = "APIGroup* Kind! Name! Namespace=NamespaceProperty*";
    }
}
