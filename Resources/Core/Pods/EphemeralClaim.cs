using k8s.Models;
using OrleansOrchestrator.Resources.Core.ClaimSpecs;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>Validation of the claim that a generic ephemeral volume brings along.</summary>
internal static class EphemeralClaim
{
    public static void Validate(V1PersistentVolumeClaimTemplate template, FieldPath path, FieldErrors errors)
    {
        Metadata(template.Metadata, path.Child("metadata"), errors);
        ClaimRules.Validate(template.Spec ?? new(), path.Child("spec"), errors);
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
}
