using k8s.Models;
using OrleansOrchestrator.Resources.Core.ClaimSpecs;
using OrleansOrchestrator.Resources.Core.PersistentVolumes;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.PersistentVolumeClaims;

/// <summary>The rules of PersistentVolumeClaims.</summary>
public sealed class PersistentVolumeClaimStrategy : ResourceStrategy<V1PersistentVolumeClaim>
{
    private const string Pending = "Pending";

    private static readonly FieldPath Spec = FieldPath.Of("spec");

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("Status", "string", "", "phase represents the current phase of PersistentVolumeClaim."),
        new(
            "Volume",
            "string",
            "",
            "volumeName is the binding reference to the PersistentVolume backing this claim."),
        new("Capacity", "string", "", "capacity represents the actual resources of the underlying volume."),
        new(
            "Access Modes",
            "string",
            "",
            "accessModes contains the actual access modes the volume backing the PVC has. More info: " +
            "https://kubernetes.io/docs/concepts/storage/persistent-volumes#access-modes-1"),
        new("StorageClass", "string", "", "StorageClass of the pvc"),
        new("VolumeAttributesClass", "string", "", "VolumeAttributesClass of the pvc"),
        TableColumns.Age,
        new(
            "VolumeMode",
            "string",
            "",
            "volumeMode defines what type of volume is required by the claim. Value of Filesystem is implied " +
            "when not included in claim spec.",
            1),
    ];

    public override IReadOnlyList<object?> Cells(V1PersistentVolumeClaim item, DateTimeOffset now)
    {
        var hasVolume = !string.IsNullOrEmpty(item.Spec.VolumeName);
        return
        [
            item.Metadata.Name,
            item.Metadata.DeletionTimestamp is null ? item.Status?.Phase ?? "" : "Terminating",
            item.Spec.VolumeName ?? "",
            hasVolume ? PersistentVolumeStrategy.Amount(item.Status?.Capacity) : "",
            hasVolume ? PersistentVolumeStrategy.Modes(item.Status?.AccessModes) : "",
            item.GetAnnotation(PersistentVolumeStrategy.BetaClassAnnotation) ?? item.Spec.StorageClassName ?? "",
            item.Spec.VolumeAttributesClassName ?? "<unset>",
            TableColumns.AgeOf(item, now),
            item.Spec.VolumeMode ?? "<unset>",
        ];
    }

    public override void SetDefaults(V1PersistentVolumeClaim item)
    {
        item.Spec ??= new V1PersistentVolumeClaimSpec();
        item.Spec.Resources ??= new V1VolumeResourceRequirements();
        item.Status ??= new V1PersistentVolumeClaimStatus();
        ModelShape.Normalize(item);
        item.Status.Phase ??= Pending;
        item.Spec.VolumeMode ??= "Filesystem";
        PodDefaults.RoundUp(item.Spec.Resources.Limits);
        PodDefaults.RoundUp(item.Spec.Resources.Requests);
        PodDefaults.RoundUp(item.Status.Capacity);
        PodDefaults.RoundUp(item.Status.AllocatedResources);
    }

    public override void PrepareForCreate(V1PersistentVolumeClaim item)
    {
        item.Status = new V1PersistentVolumeClaimStatus { Phase = Pending };
        PrepareSources(item.Spec, null);
    }

    public override void PrepareForUpdate(V1PersistentVolumeClaim item, V1PersistentVolumeClaim old, string subresource)
    {
        if (subresource == "status")
        {
            item.Spec = old.Spec;
        }
        else
        {
            item.Status = old.Status;
            PrepareSources(item.Spec, old.Spec);
        }
    }

    public override void Validate(V1PersistentVolumeClaim item, FieldErrors errors) =>
        ClaimRules.Validate(item.Spec, Spec, errors);

    public override void ValidateUpdate(
        V1PersistentVolumeClaim item, V1PersistentVolumeClaim old, string subresource, FieldErrors errors)
    {
        if (subresource == "status")
        {
            ClaimUpdateRules.ValidateStatus(item, errors);
            return;
        }

        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: true, ValidateName, errors);
        ClaimRules.Validate(item.Spec, Spec, errors, old.Spec);
        ClaimUpdateRules.Validate(item, old, errors);
    }

    public override IEnumerable<string> Warnings(V1PersistentVolumeClaim item, V1PersistentVolumeClaim? old)
    {
        const string Annotation = PersistentVolumeStrategy.BetaClassAnnotation;
        if (item.GetAnnotation(Annotation) is not null)
        {
            var path = FieldPath.Of("metadata", "annotations").Key(Annotation);
            yield return $"{path}: {PersistentVolumeStrategy.BetaClassMessage}";
        }

        foreach (var text in ClaimWarnings.Of(item.Spec, Spec))
        {
            yield return text;
        }
    }

    /// <summary>
    /// The two fields for what fills a volume say the same. Through the older one only claims and snapshots can be
    /// named: everything else was ignored once, and is.
    /// </summary>
    private static void PrepareSources(V1PersistentVolumeClaimSpec spec, V1PersistentVolumeClaimSpec? old)
    {
        // Sources in other namespaces are an alpha feature in 1.36.
        if (!string.IsNullOrEmpty(spec.DataSourceRef?.NamespaceProperty) && old?.DataSourceRef is null)
        {
            spec.DataSourceRef = null;
        }

        if (old is null or { DataSource: null, DataSourceRef: null }
            && spec.DataSourceRef is null && !ClaimRules.IsClaimOrSnapshot(spec.DataSource))
        {
            spec.DataSource = null;
        }

        if (spec.DataSource is { } source)
        {
            spec.DataSourceRef ??= new V1TypedObjectReference
            {
                ApiGroup = source.ApiGroup, Kind = source.Kind, Name = source.Name,
            };
        }
        else if (spec.DataSourceRef is { NamespaceProperty: null or "" } reference)
        {
            spec.DataSource = new V1TypedLocalObjectReference
            {
                ApiGroup = reference.ApiGroup, Kind = reference.Kind, Name = reference.Name,
            };
        }
    }
}
