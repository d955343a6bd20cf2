using OrleansOrchestrator.Resources.Kernel;
using static OrleansOrchestrator.Api.StateMetrics.StateFamily;

namespace OrleansOrchestrator.Api.StateMetrics;

/// <summary>What is told of volumes.</summary>
internal static class StorageStates
{
    private static readonly string[] ClaimPhases = ["Lost", "Bound", "Pending"];
    private static readonly string[] VolumePhases = ["Pending", "Available", "Bound", "Released", "Failed"];

    public static StateTable Claims { get; } =
        new(WellKnown.PersistentVolumeClaims, "persistentvolumeclaim", HasUid: false,
        [
            Gauge("kube_persistentvolumeclaim_info", "[STABLE] Information about persistent volume claim.",
                static (item, to) =>
                {
                    var spec = item["spec"];
                    to.Add(
                        1, ("storageclass", spec["storageClassName"]), ("volumename", spec["volumeName"]),
                        ("volumemode", spec["volumeMode"]));
                }),
            Gauge("kube_persistentvolumeclaim_status_phase",
                "[STABLE] The phase the persistent volume claim is currently in.", static (item, to) =>
                    to.AddChoice("phase", ClaimPhases, item["status"]["phase"])),
            Value("kube_persistentvolumeclaim_resource_requests_storage_bytes",
                "[STABLE] The capacity of storage requested by the persistent volume claim.",
                static c => c["spec"]["resources"]["requests"]["storage"].Amount),
            Gauge("kube_persistentvolumeclaim_access_mode",
                "[STABLE] The access mode(s) specified by the persistent volume claim.", Modes),
            Gauge("kube_persistentvolumeclaim_status_condition",
                "Information about status of different conditions of persistent volume claim.", static (item, to) =>
                {
                    foreach (var condition in item["status"]["conditions"].Items)
                    {
                        to.AddStatus(condition["status"], "status", ("condition", condition["type"]));
                    }
                }),
            Gauge("kube_persistentvolumeclaim_status_condition_last_transition_timestamp_seconds",
                "Unix timestamp of last transition of a persistent volume claim condition.", Transitions),
            AttributesClass("kube_persistentvolumeclaim_volume_attributes_class",
                "The name of the VolumeAttributesClass requested by the persistent volume claim.",
                static c => c["spec"]["volumeAttributesClassName"]),
            AttributesClass("kube_persistentvolumeclaim_status_current_volume_attributes_class",
                "The current VolumeAttributesClass applied to the persistent volume claim, as reported by the CSI "
                + "driver.", static c => c["status"]["currentVolumeAttributesClassName"]),
            Gauge("kube_persistentvolumeclaim_status_modify_volume_status",
                "Information about the status of an in-progress ModifyVolume operation on the persistent volume "
                + "claim.", static (item, to) =>
                {
                    var status = item["status"]["modifyVolumeStatus"];
                    to.Add(
                        status.Exists ? 1 : null, ("status", status["status"]),
                        ("target_volume_attributes_class", status["targetVolumeAttributesClassName"]));
                }),
            Created("kube_persistentvolumeclaim"),
            Deleted("kube_persistentvolumeclaim"),
        ]);

    public static StateTable Volumes { get; } = new(WellKnown.PersistentVolumes, "persistentvolume", HasUid: false,
    [
        Gauge("kube_persistentvolume_claim_ref", "[STABLE] Information about the Persistent Volume Claim Reference.",
            static (item, to) =>
            {
                var claim = item["spec"]["claimRef"];
                to.Add(claim.Exists ? 1 : null, ("name", claim["name"]), ("claim_namespace", claim["namespace"]));
            }),
        Gauge("kube_persistentvolume_status_phase",
            "[STABLE] The phase indicates if a volume is available, bound to a claim, or released by a claim.",
            static (item, to) => to.AddChoice("phase", VolumePhases, item["status"]["phase"])),
        Gauge("kube_persistentvolume_info", "[STABLE] Information about persistentvolume.", Info),
        Value("kube_persistentvolume_capacity_bytes", "[STABLE] Persistentvolume capacity in bytes.",
            static v => v["spec"]["capacity"]["storage"].Amount),
        Gauge("kube_persistentvolume_volume_mode", "Volume Mode information for the PersistentVolume.",
            static (item, to) => to.Add(1, ("volumemode", item["spec"]["volumeMode"]))),
        Gauge("kube_persistentvolume_access_mode", "Access modes of the PersistentVolume.", Modes),
        Created("kube_persistentvolume"),
        Deleted("kube_persistentvolume"),
    ]);

    public static StateTable Classes { get; } = new(WellKnown.StorageClasses, "storageclass", HasUid: false,
    [
        Gauge("kube_storageclass_info", "[STABLE] Information about storageclass.", static (item, to) => to.Add(
            1, ("provisioner", item["provisioner"]), ("reclaim_policy", item["reclaimPolicy"]),
            ("volume_binding_mode", item["volumeBindingMode"]))),
        Created("kube_storageclass"),
    ]);

    public static StateTable Attachments { get; } =
        new(WellKnown.VolumeAttachments, "volumeattachment", HasUid: false,
        [
            Gauge("kube_volumeattachment_info", "Information about volumeattachment.", static (item, to) =>
                to.Add(1, ("attacher", item["spec"]["attacher"]), ("node", item["spec"]["nodeName"]))),
            Created("kube_volumeattachment"),
            Gauge("kube_volumeattachment_spec_source_persistentvolume", "PersistentVolume source reference.",
                static (item, to) =>
                {
                    var volume = item["spec"]["source"]["persistentVolumeName"];
                    to.Add(volume.Exists ? 1 : null, ("volumename", volume));
                }),
            Value("kube_volumeattachment_status_attached", "Information about volumeattachment.",
                static a => a["status"]["attached"].IsTrue ? 1 : 0),
            Gauge("kube_volumeattachment_status_attachment_metadata", "volumeattachment metadata.",
                static (item, to) =>
                {
                    foreach (var (name, value) in item["status"]["attachmentMetadata"].Members)
                    {
                        to.Add(1, ($"metadata_{Sanitize(name)}", value));
                    }
                }),
        ]);

    public static StateTable AttributesClasses { get; } =
        new(WellKnown.VolumeAttributesClasses, "volumeattributesclass", HasUid: false,
        [
            Gauge("kube_volumeattributesclass_info", "Information about volumeattributesclass.", static (item, to) =>
                to.Add(1, ("driver_name", item["driverName"]))),
            Created("kube_volumeattributesclass"),
        ]);

    private static StateFamily AttributesClass(string name, string help, Func<StateField, StateField> find) =>
        Gauge(name, help, (item, to) =>
        {
            var named = find(item);
            to.Add(named.Exists ? 1 : null, ("volume_attributes_class", named));
        });

    private static void Transitions(StateField claim, StateSeries to)
    {
        foreach (var condition in claim["status"]["conditions"].Items)
        {
            to.Add(
                condition["lastTransitionTime"].Time, ("condition", condition["type"]),
                ("status", condition["status"].Text?.ToLowerInvariant()));
        }
    }

    private static void Modes(StateField item, StateSeries to)
    {
        foreach (var mode in item["spec"]["accessModes"].Items)
        {
            to.Add(1, ("access_mode", mode));
        }
    }

    private static void Info(StateField volume, StateSeries to)
    {
        var spec = volume["spec"];
        to.Add(
            1,
            ("storageclass", spec["storageClassName"]),
            ("gce_persistent_disk_name", spec["gcePersistentDisk"]["pdName"]),
            ("host_path", spec["hostPath"]["path"]),
            ("host_path_type", spec["hostPath"]["type"]),
            ("ebs_volume_id", spec["awsElasticBlockStore"]["volumeID"]),
            ("azure_disk_name", spec["azureDisk"]["diskName"]),
            ("fc_wwids", Joined(spec["fc"]["wwids"])),
            ("fc_lun", spec["fc"]["lun"]),
            ("fc_target_wwns", Joined(spec["fc"]["targetWWNs"])),
            ("iscsi_target_portal", spec["iscsi"]["targetPortal"]),
            ("iscsi_iqn", spec["iscsi"]["iqn"]),
            ("iscsi_lun", spec["iscsi"]["lun"]),
            ("iscsi_initiator_name", spec["iscsi"]["initiatorName"]),
            ("local_path", spec["local"]["path"]),
            ("local_fs", spec["local"]["fsType"]),
            ("nfs_server", spec["nfs"]["server"]),
            ("nfs_path", spec["nfs"]["path"]),
            ("csi_driver", spec["csi"]["driver"]),
            ("csi_volume_handle", spec["csi"]["volumeHandle"]),
            ("reclaim_policy", spec["persistentVolumeReclaimPolicy"]));
    }

    private static string Joined(StateField texts) => string.Join(',', texts.Items.Select(static t => t.Text));
}
