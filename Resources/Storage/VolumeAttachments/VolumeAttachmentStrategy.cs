using k8s.Models;
using OrleansOrchestrator.Resources.Core.PersistentVolumes;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Resources.Storage.VolumeAttachments;

/// <summary>The rules of VolumeAttachments: what is to be attached where never changes.</summary>
public sealed class VolumeAttachmentStrategy : ResourceStrategy<V1VolumeAttachment>
{
    private const int MaxMetadataBytes = 256 * 1024;
    private const int MaxMessageBytes = 1024;
    private const string OneSource = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";

    private static readonly FieldPath AttacherPath = FieldPath.Of("spec", "attacher");
    private static readonly FieldPath SourcePath = FieldPath.Of("spec", "source");
    private static readonly FieldPath VolumeNamePath = SourcePath.Child("persistentVolumeName");

    public override bool AllowUnconditionalUpdate => false;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new(
            "Attacher",
            "string",
            "name",
            "attacher indicates the name of the volume driver that MUST handle this request. This is the name " +
            "returned by GetPluginName()."),
        new("PV", "string", "", "persistentVolumeName represents the name of the persistent volume to attach."),
        new("Node", "string", "", "nodeName represents the node that the volume should be attached to."),
        new(
            "Attached",
            "boolean",
            "",
            "attached indicates the volume is successfully attached. This field must only be set by the entity " +
            "completing the attach " +
            "operation, i.e. the external-attacher."),
        TableColumns.Age,
    ];

    public override IReadOnlyList<object?> Cells(V1VolumeAttachment item, DateTimeOffset now) =>
    [
        item.Metadata.Name,
        item.Spec.Attacher,
        item.Spec.Source?.PersistentVolumeName ?? "",
        item.Spec.NodeName,
        item.Status?.Attached ?? false,
        TableColumns.AgeOf(item, now),
    ];

    public override FieldFilter? OwnableFields(string subresource) =>
        subresource == "status" ? FieldFilter.NoSpecNorMetadata : base.OwnableFields(subresource);

    public override void SetDefaults(V1VolumeAttachment item)
    {
        item.Spec ??= new V1VolumeAttachmentSpec();
        item.Spec.Source ??= new V1VolumeAttachmentSource();
        item.Status ??= new V1VolumeAttachmentStatus();
        ModelShape.Normalize(item);
        if (item.Spec.Source.InlineVolumeSpec is { } volume)
        {
            PersistentVolumeDefaults.ApplySource(volume);
        }
    }

    public override void PrepareForCreate(V1VolumeAttachment item) => item.Status = new V1VolumeAttachmentStatus();

    public override void PrepareForUpdate(V1VolumeAttachment item, V1VolumeAttachment old, string subresource)
    {
        if (subresource != "status")
        {
            item.Status = old.Status;
            return;
        }

        item.Spec = old.Spec;
        item.Metadata.DeletionTimestamp = old.Metadata.DeletionTimestamp;
        item.Metadata.Labels = old.Metadata.Labels;
        item.Metadata.Annotations = old.Metadata.Annotations;
        item.Metadata.Finalizers = old.Metadata.Finalizers;
        item.Metadata.OwnerReferences = old.Metadata.OwnerReferences;
    }

    public override void ValidateUpdate(
        V1VolumeAttachment item, V1VolumeAttachment old, string subresource, FieldErrors errors)
    {
        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: false, ValidateName, errors);
        Validate(item, errors);
        if (!ModelShape.SemanticEquals(item.Spec, old.Spec))
        {
            errors.Invalid(FieldPath.Of("spec"), InternalForm.Shown(item.Spec), FieldErrors.IsImmutable);
        }
    }

    public override void Validate(V1VolumeAttachment item, FieldErrors errors)
    {
        PodSpecValidator.CsiDriverName(item.Spec.Attacher, AttacherPath, errors);
        ValidateSource(item.Spec.Source, errors);
        var node = item.Spec.NodeName ?? "";
        errors.InvalidEach(FieldPath.Of("spec", "nodeName"), node, NameRules.DnsSubdomain(node));
        var status = FieldPath.Of("status");
        if (StorageRules.Size(item.Status?.AttachmentMetadata) > MaxMetadataBytes)
        {
            errors.TooLong(status.Child("attachmentMetadata"), MaxMetadataBytes);
        }

        ValidateError(item.Status?.AttachError, status.Child("attachError"), errors);
        ValidateError(item.Status?.DetachError, status.Child("detachError"), errors);
        if (item.Spec.Source.PersistentVolumeName is { } name)
        {
            errors.InvalidEach(VolumeNamePath, name, NameRules.DnsSubdomain(name));
        }
    }

    private static void ValidateSource(V1VolumeAttachmentSource source, FieldErrors errors)
    {
        switch (source)
        {
            case { InlineVolumeSpec: null, PersistentVolumeName: null }: errors.Required(SourcePath, OneSource); break;
            case { InlineVolumeSpec: not null, PersistentVolumeName: not null }:
                errors.Forbidden(SourcePath, OneSource);
                break;
            case { PersistentVolumeName: "" }:
                errors.Required(VolumeNamePath, "must specify non empty persistentVolumeName");
                break;
            case { InlineVolumeSpec: { } volume }:
                var path = SourcePath.Child("inlineVolumeSpec");
                new PersistentVolumeSpecValidator(volume, "", path, errors).ValidateInline();
                break;
        }
    }

    private static void ValidateError(V1VolumeError? error, FieldPath path, FieldErrors errors)
    {
        if (NameRules.ByteCount(error?.Message ?? "") > MaxMessageBytes)
        {
            // The bound that is told is that of the metadata: upstream's slip.
            errors.TooLong(path.Child("message"), MaxMetadataBytes);
        }

        if (error?.ErrorCode < 0)
        {
            errors.Invalid(path.Child("errorCode"), error.ErrorCode, NameRules.InclusiveRange(0, int.MaxValue));
        }
    }
}
