using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Authorization;

/// <summary>Validation of questions whether somebody may do something.</summary>
public static class AccessReviewRules
{
    private static readonly FieldPath Spec = FieldPath.Of("spec");
    private static readonly FieldPath Metadata = FieldPath.Of("metadata");

    public static void Validate(V1SubjectAccessReview review, FieldErrors errors)
    {
        ValidateSubject(review.Spec, errors);
        if (!IsEmpty(review.Metadata) || !string.IsNullOrEmpty(review.Metadata.NamespaceProperty))
        {
            errors.Invalid(Metadata, review.Metadata, "must be empty");
        }
    }

    public static void Validate(V1LocalSubjectAccessReview review, FieldErrors errors)
    {
        var space = review.Metadata.NamespaceProperty ?? "";
        ValidateSubject(review.Spec, errors);
        if (!IsEmpty(review.Metadata))
        {
            errors.Invalid(Metadata, review.Metadata, "must be empty except for namespace");
        }

        if (review.Spec.ResourceAttributes is { } resource && (resource.NamespaceProperty ?? "") != space)
        {
            errors.Invalid(
                Spec.Child("resourceAttributes", "namespace"),
                resource.NamespaceProperty ?? "",
                "must match metadata.namespace");
        }

        if (review.Spec.NonResourceAttributes is { } path)
        {
            errors.Invalid(
                Spec.Child("nonResourceAttributes"), InternalForm.Shown(path), "disallowed on this kind of request");
        }
    }

    public static void Validate(V1SelfSubjectAccessReview review, FieldErrors errors)
    {
        ValidateAttributes(review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes, errors);
        ValidateSelectors(review.Spec.ResourceAttributes, errors);
        if (!IsEmpty(review.Metadata) || !string.IsNullOrEmpty(review.Metadata.NamespaceProperty))
        {
            errors.Invalid(Metadata, review.Metadata, "must be empty");
        }
    }

    private static void ValidateSubject(V1SubjectAccessReviewSpec spec, FieldErrors errors)
    {
        ValidateAttributes(spec.ResourceAttributes, spec.NonResourceAttributes, errors);
        if (string.IsNullOrEmpty(spec.User) && spec.Groups is not { Count: > 0 })
        {
            errors.Invalid(Spec.Child("user"), "", "at least one of user or group must be specified");
        }

        ValidateSelectors(spec.ResourceAttributes, errors);
    }

    private static void ValidateAttributes(
        V1ResourceAttributes? resource, V1NonResourceAttributes? path, FieldErrors errors)
    {
        if (resource is not null && path is not null)
        {
            errors.Invalid(
                Spec.Child("nonResourceAttributes"),
                InternalForm.Shown(path),
                "cannot be specified in combination with resourceAttributes");
        }

        if (resource is null && path is null)
        {
            errors.Invalid(
                Spec.Child("resourceAttributes"),
                null,
                "exactly one of nonResourceAttributes or resourceAttributes must be specified");
        }
    }

    /// <summary>
    /// A selector is given as text or as requirements, and is not empty. Operators that this server does not know are
    /// let through, since newer clients may know them: what they demand is left out of account.
    /// </summary>
    private static void ValidateSelectors(V1ResourceAttributes? resource, FieldErrors errors)
    {
        var path = Spec.Child("resourceAttributes");
        if (resource?.FieldSelector is { } fields)
        {
            var (own, all) = (path.Child("fieldSelector"), fields.Requirements ?? []);
            ValidateSelector(fields.RawSelector, all.Count, own, errors);
            foreach (var (i, requirement) in all.Index())
            {
                ValidateRequirement(requirement, own.Child("requirements").Index(i), errors);
            }
        }

        if (resource?.LabelSelector is { } labels)
        {
            var (own, all) = (path.Child("labelSelector"), labels.Requirements ?? []);
            ValidateSelector(labels.RawSelector, all.Count, own, errors);
            foreach (var (i, requirement) in all.Index())
            {
                LabelSelectorRules.ValidateRequirement(
                    requirement, own.Child("requirements").Index(i), errors, allowUnknownOperator: true);
            }
        }
    }

    private static void ValidateRequirement(
        V1FieldSelectorRequirement requirement, FieldPath path, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(requirement.Key))
        {
            errors.Required(path.Child("key"), "must be specified");
        }

        var count = requirement.Values?.Count ?? 0;
        if (requirement.OperatorProperty is "In" or "NotIn" && count == 0)
        {
            errors.Required(path.Child("values"), "must be specified when `operator` is 'In' or 'NotIn'");
        }
        else if (requirement.OperatorProperty is "Exists" or "DoesNotExist" && count > 0)
        {
            errors.Forbidden(
                path.Child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        }
    }

    private static void ValidateSelector(string? raw, int count, FieldPath path, FieldErrors errors)
    {
        var isRaw = !string.IsNullOrEmpty(raw);
        if (isRaw && count > 0)
        {
            errors.Invalid(path.Child("rawSelector"), raw, "may not specified at the same time as requirements");
        }

        if (!isRaw && count == 0)
        {
            errors.Required(
                path.Child("requirements"), $"when {path} is specified, requirements or rawSelector is required");
        }
    }

    /// <summary>But for the namespace, and for the owners of the question's fields, which the API wrote.</summary>
    private static bool IsEmpty(V1ObjectMeta metadata) => ModelShape.SemanticEquals(
        metadata,
        new V1ObjectMeta { NamespaceProperty = metadata.NamespaceProperty, ManagedFields = metadata.ManagedFields });
}
