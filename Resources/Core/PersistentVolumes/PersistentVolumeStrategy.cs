using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.PersistentVolumes;

/// <summary>The rules of PersistentVolumes.</summary>
/// <param name="time">When a phase began is the server's to say.</param>
public sealed class PersistentVolumeStrategy(TimeProvider time) : ResourceStrategy<V1PersistentVolume>
{
    /// <summary>Where claims and volumes named their class before the field.</summary>
    public const string BetaClassAnnotation = "volume.beta.kubernetes.io/storage-class";

    /// <summary>Where volumes named their mount options before the field, joined by commas.</summary>
    public const string MountOptionsAnnotation = "volume.beta.kubernetes.io/mount-options";

    internal const string BetaClassMessage = "deprecated since v1.8; use \"storageClassName\" attribute instead";

    private const string Pending = "Pending";
    private const string Recycle = "Recycle";

    private static readonly FieldPath Spec = FieldPath.Of("spec");
    private static readonly FieldPath Annotations = FieldPath.Of("metadata", "annotations");

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("Capacity", "string", "", PersistentVolumeTexts.Capacity),
        new("Access Modes", "string", "", PersistentVolumeTexts.AccessModes),
        new("Reclaim Policy", "string", "", PersistentVolumeTexts.ReclaimPolicy),
        new("Status", "string", "", PersistentVolumeTexts.Phase),
        new("Claim", "string", "", PersistentVolumeTexts.Claim),
        new("StorageClass", "string", "", "StorageClass of the pv"),
        new("VolumeAttributesClass", "string", "", "VolumeAttributesClass of the pv"),
        new("Reason", "string", "", PersistentVolumeTexts.Reason),
        TableColumns.Age,
        new("VolumeMode", "string", "", PersistentVolumeTexts.VolumeMode, 1),
    ];

    public override IReadOnlyList<object?> Cells(V1PersistentVolume item, DateTimeOffset now) =>
    [
        item.Metadata.Name,
        Amount(item.Spec.Capacity),
        Modes(item.Spec.AccessModes),
        item.Spec.PersistentVolumeReclaimPolicy ?? "",
        item.Metadata.DeletionTimestamp is null ? item.Status?.Phase ?? "" : "Terminating",
        item.Spec.ClaimRef is { } claim ? $"{claim.NamespaceProperty}/{claim.Name}" : "",
        item.GetAnnotation(BetaClassAnnotation) ?? item.Spec.StorageClassName ?? "",
        item.Spec.VolumeAttributesClassName ?? "<unset>",
        item.Status?.Reason ?? "",
        TableColumns.AgeOf(item, now),
        item.Spec.VolumeMode ?? "<unset>",
    ];

    public override void SetDefaults(V1PersistentVolume item)
    {
        item.Spec ??= new V1PersistentVolumeSpec();
        item.Status ??= new V1PersistentVolumeStatus();
        ModelShape.Normalize(item);
        item.Status.Phase ??= Pending;
        item.Spec.PersistentVolumeReclaimPolicy ??= "Retain";
        item.Spec.VolumeMode ??= "Filesystem";
        PersistentVolumeDefaults.ApplySource(item.Spec);
    }

    public override void PrepareForCreate(V1PersistentVolume item) => item.Status = new V1PersistentVolumeStatus
    {
        Phase = Pending, LastPhaseTransitionTime = item.Metadata.CreationTimestamp,
    };

    public override void PrepareForUpdate(V1PersistentVolume item, V1PersistentVolume old, string subresource)
    {
        if (subresource != "status")
        {
            item.Status = old.Status;
            return;
        }

        item.Spec = old.Spec;
        var since = item.Status.LastPhaseTransitionTime;
        if (item.Status.Phase != old.Status?.Phase && (since is null || since == old.Status?.LastPhaseTransitionTime))
        {
            item.Status.LastPhaseTransitionTime = time.GetUtcNow().UtcDateTime;
        }
    }

    public override void Validate(V1PersistentVolume item, FieldErrors errors)
    {
        new PersistentVolumeSpecValidator(item.Spec, item.Metadata.Name ?? "", Spec, errors).Validate();
        if (item.GetAnnotation(MountOptionsAnnotation) is not null && !TakesMountOptions(item.Spec))
        {
            errors.Forbidden(
                Annotations.Child(MountOptionsAnnotation), "may not specify mount options for this volume type");
        }
    }

    public override void ValidateUpdate(
        V1PersistentVolume item, V1PersistentVolume old, string subresource, FieldErrors errors)
    {
        if (subresource == "status")
        {
            return;
        }

        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: false, ValidateName, errors);
        Validate(item, errors);

        // Upstream looks at the whole volume twice.
        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: false, ValidateName, errors);
        new PersistentVolumeSpecValidator(item.Spec, item.Metadata.Name ?? "", Spec, errors).Validate();
        PersistentVolumeUpdateRules.Validate(item, old, errors);
    }

    public override IEnumerable<string> Warnings(V1PersistentVolume item, V1PersistentVolume? old)
    {
        if (item.GetAnnotation(BetaClassAnnotation) is not null)
        {
            yield return $"{Annotations.Key(BetaClassAnnotation)}: {BetaClassMessage}";
        }

        if (item.GetAnnotation(MountOptionsAnnotation) is not null)
        {
            yield return $"{Annotations.Key(MountOptionsAnnotation)}: deprecated since v1.31; " +
                "use \"mountOptions\" attribute instead";
        }

        if (item.Spec.PersistentVolumeReclaimPolicy == Recycle)
        {
            yield return $"{Spec.Child("persistentVolumeReclaimPolicy")}: The Recycle reclaim policy is deprecated. " +
                "Instead, the recommended approach is to use dynamic provisioning.";
        }

        foreach (var text in LabelWarnings(item.Spec.NodeAffinity?.Required?.NodeSelectorTerms ?? []))
        {
            yield return text;
        }

        (string Field, object? Source, string Message)[] deprecated =
        [
            ("cephfs", item.Spec.Cephfs, "deprecated in v1.28, non-functional in v1.31+"),
            ("photonPersistentDisk", item.Spec.PhotonPersistentDisk, "deprecated in v1.11, non-functional in v1.16+"),
            ("scaleIO", item.Spec.ScaleIO, "deprecated in v1.16, non-functional in v1.22+"),
            ("storageOS", item.Spec.Storageos, "deprecated in v1.22, non-functional in v1.25+"),
            ("glusterfs", item.Spec.Glusterfs, "deprecated in v1.25, non-functional in v1.26+"),
            ("rbd", item.Spec.Rbd, "deprecated in v1.28, non-functional in v1.31+"),
        ];
        foreach (var (field, _, message) in deprecated.Where(d => d.Source is not null))
        {
            yield return $"{Spec.Child(field)}: {message}";
        }
    }

    /// <summary>The amount of storage as a cell.</summary>
    internal static string Amount(IDictionary<string, ResourceQuantity>? amounts) =>
        amounts?.TryGetValue("storage", out var amount) == true ? amount.ToString() : "0";

    /// <summary>Access modes as a cell: each once, in upstream's order.</summary>
    internal static string Modes(IList<string>? modes) => string.Join(
        ',',
        new (string Mode, string Short)[]
        {
            ("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP"),
        }.Where(m => modes?.Contains(m.Mode) == true).Select(m => m.Short));

    private static IEnumerable<string> LabelWarnings(IList<V1NodeSelectorTerm> terms)
    {
        var path = Spec.Child("nodeAffinity", "required").Child("nodeSelectorTerms");
        for (var i = 0; i < terms.Count; i++)
        {
            for (var j = 0; j < (terms[i].MatchExpressions?.Count ?? 0); j++)
            {
                var key = terms[i].MatchExpressions[j].Key;
                if (PodWarnings.NodeLabel(key) is { } message)
                {
                    yield return $"{path.Index(i).Child("matchExpressions").Index(j).Child("key")}: {key} is {message}";
                }
            }
        }
    }

    /// <summary>The drivers that upstream's annotation for mount options was made for.</summary>
    private static bool TakesMountOptions(V1PersistentVolumeSpec spec) => spec is not
    {
        GcePersistentDisk: null,
        AwsElasticBlockStore: null,
        Glusterfs: null,
        Nfs: null,
        Rbd: null,
        Quobyte: null,
        Iscsi: null,
        Cinder: null, Cephfs: null, AzureFile: null, VsphereVolume: null, AzureDisk: null, PortworxVolume: null,
    };
}
