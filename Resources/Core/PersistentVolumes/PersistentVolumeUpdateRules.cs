using System.Collections.Frozen;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.PersistentVolumes;

/// <summary>What an update of a PersistentVolume may not change.</summary>
internal static class PersistentVolumeUpdateRules
{
    /// <summary>Fields of the spec that say where the data is: upstream's PersistentVolumeSource.</summary>
    private static readonly FrozenSet<string> SourceFields = FrozenSet.ToFrozenSet(
        [
            "GCEPersistentDisk",
            "AWSElasticBlockStore",
            "HostPath",
            "Glusterfs",
            "NFS",
            "RBD",
            "Quobyte",
            "ISCSI",
            "FlexVolume",
            "Cinder",
            "CephFS",
            "FC",
            "Flocker",
            "AzureFile",
            "VsphereVolume",
            "AzureDisk",
            "PhotonPersistentDisk",
            "PortworxVolume",
            "ScaleIO",
            "Local",
            "StorageOS", "CSI",
        ],
        StringComparer.Ordinal);

    /// <summary>Labels of nodes that may be replaced by their successors in an affinity that is there.</summary>
    private static readonly FrozenDictionary<string, string> SuccessorLabels = new Dictionary<string, string>
    {
        ["failure-domain.beta.kubernetes.io/zone"] = "topology.kubernetes.io/zone",
        ["failure-domain.beta.kubernetes.io/region"] = "topology.kubernetes.io/region",
        ["beta.kubernetes.io/os"] = "kubernetes.io/os",
        ["beta.kubernetes.io/arch"] = "kubernetes.io/arch",
        ["beta.kubernetes.io/instance-type"] = "node.kubernetes.io/instance-type",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static void Validate(V1PersistentVolume item, V1PersistentVolume old, FieldErrors errors)
    {
        var before = SourceOf(old.Spec, null);
        var after = SourceOf(item.Spec, old.Spec.Csi);
        if (before != after)
        {
            errors.Forbidden(
                FieldPath.Of("spec", "persistentvolumesource"),
                $"spec.persistentvolumesource is immutable after creation\n{new UnifiedDiff().Compare(before, after)}");
        }

        errors.Immutable(FieldPath.Of("volumeMode"), item.Spec.VolumeMode, old.Spec.VolumeMode);
        if (old.Spec.NodeAffinity is { } affinity
            && !ModelShape.SemanticEquals(item.Spec.NodeAffinity, affinity)
            && !ModelShape.SemanticEquals(item.Spec.NodeAffinity, WithSuccessors(affinity)))
        {
            errors.Invalid(
                FieldPath.Of("nodeAffinity"),
                InternalForm.Shown(item.Spec.NodeAffinity),
                FieldErrors.IsImmutable + ", except for updating from beta label to GA");
        }

        if (old.Spec.VolumeAttributesClassName is not null && item.Spec.VolumeAttributesClassName is null)
        {
            errors.Forbidden(
                FieldPath.Of("spec", "volumeAttributesClassName"), "update from non-nil value to nil is forbidden");
        }
    }

    /// <summary>
    /// The source as messages show it. The secret for growing the volume may be added later, and then does not count.
    /// </summary>
    private static string SourceOf(V1PersistentVolumeSpec spec, V1CSIPersistentVolumeSource? before)
    {
        if (before is { ControllerExpandSecretRef: null } && spec.Csi?.ControllerExpandSecretRef is not null)
        {
            spec = ResourceCodec.Decode<V1PersistentVolumeSpec>(ResourceCodec.Encode(spec));
            spec.Csi.ControllerExpandSecretRef = null;
        }

        return InternalForm.Indented(spec, SourceFields);
    }

    private static V1VolumeNodeAffinity WithSuccessors(V1VolumeNodeAffinity affinity)
    {
        var copy = ResourceCodec.Decode<V1VolumeNodeAffinity>(ResourceCodec.Encode(affinity));
        foreach (var expression in
            (copy.Required?.NodeSelectorTerms ?? []).SelectMany(t => t.MatchExpressions ?? []))
        {
            expression.Key = SuccessorLabels.GetValueOrDefault(expression.Key ?? "", expression.Key ?? "");
        }

        return copy;
    }
}
