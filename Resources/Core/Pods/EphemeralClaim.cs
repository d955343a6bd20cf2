using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>Validation of the claim that a generic ephemeral volume brings along.</summary>
internal static class EphemeralClaim
{
    private static readonly string[] AccessModes =
        ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

    public static void Validate(V1PersistentVolumeClaimTemplate template, FieldPath path, FieldErrors errors)
    {
        Metadata(template.Metadata, path.Child("metadata"), errors);
        Spec(template.Spec ?? new(), path.Child("spec"), errors);
    }

    /// <summary>Only labels and annotations make sense.</summary>
    private static void Metadata(V1ObjectMeta? metadata, FieldPath path, FieldErrors errors)
    {
        if (metadata is null)
        {
            return;
        }

        ObjectMetaRules.ValidateAnnotations(metadata.Annotations, path.Child("annotations"), errors);
        ObjectMetaRules.ValidateLabels(metadata.Labels, path.Child("labels"), errors);
        (string Field, bool IsSet)[] others =
        [
            ("name", !string.IsNullOrEmpty(metadata.Name)),
            ("generateName", !string.IsNullOrEmpty(metadata.GenerateName)),
            ("namespace", !string.IsNullOrEmpty(metadata.NamespaceProperty)),
            ("selfLink", !string.IsNullOrEmpty(metadata.SelfLink)),
            ("uID", !string.IsNullOrEmpty(metadata.Uid)),
            ("resourceVersion", !string.IsNullOrEmpty(metadata.ResourceVersion)),
            ("generation", metadata.Generation is not (null or 0)),
            ("creationTimestamp", metadata.CreationTimestamp is not null),
            ("deletionTimestamp", metadata.DeletionTimestamp is not null),
            ("deletionGracePeriodSeconds", metadata.DeletionGracePeriodSeconds is not null),
            ("ownerReferences", metadata.OwnerReferences is { Count: > 0 }),
            ("finalizers", metadata.Finalizers is { Count: > 0 }),
            ("managedFields", metadata.ManagedFields is { Count: > 0 }),
        ];
        foreach (var (field, _) in others.Where(o => o.IsSet))
        {
            errors.Forbidden(path.Child(field), "cannot be set");
        }
    }

    private static void Spec(V1PersistentVolumeClaimSpec spec, FieldPath path, FieldErrors errors)
    {
        if (spec.AccessModes is not { Count: > 0 })
        {
            errors.Required(path.Child("accessModes"), "at least 1 access mode is required");
        }

        LabelSelectorRules.Validate(spec.Selector, path.Child("selector"), errors);
        Modes(spec.AccessModes ?? [], path.Child("accessModes"), errors);
        if (spec.Resources?.Requests?.TryGetValue("storage", out var storage) != true)
        {
            errors.Required(path.Child("resources").Key("storage"));
        }
        else if (Quantity.Of(storage) is { Sign: <= 0 } amount)
        {
            errors.Invalid(path.Child("resources").Key("storage"), amount.ToString(), "must be greater than zero");
        }

        if (!string.IsNullOrEmpty(spec.StorageClassName))
        {
            errors.InvalidEach(
                path.Child("storageClassName"), spec.StorageClassName, NameRules.DnsSubdomain(spec.StorageClassName));
        }

        if (spec.VolumeMode is not (null or "Block" or "Filesystem"))
        {
            errors.NotSupported(path.Child("volumeMode"), spec.VolumeMode, ["Block", "Filesystem"]);
        }
    }

    private static void Modes(IList<string> modes, FieldPath path, FieldErrors errors)
    {
        foreach (var mode in modes.Where(m => !AccessModes.Contains(m, StringComparer.Ordinal)))
        {
            errors.NotSupported(path, mode, AccessModes);
        }

        if (modes.Contains("ReadWriteOncePod")
            && modes.Any(m => m != "ReadWriteOncePod" && AccessModes.Contains(m, StringComparer.Ordinal)))
        {
            errors.Forbidden(path, "may not use ReadWriteOncePod with other access modes");
        }
    }
}
