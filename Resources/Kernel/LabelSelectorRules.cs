using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Validation of <c>meta/v1 LabelSelector</c>.</summary>
public static class LabelSelectorRules
{
    /// <summary>Findings on a selector; null is fine here.</summary>
    /// <param name="selector">The selector.</param>
    /// <param name="path">Its path.</param>
    /// <param name="errors">Receives the findings.</param>
    /// <param name="allowInvalidValues">True on updates of objects stored before values were checked.</param>
    public static void Validate(
        V1LabelSelector? selector, FieldPath path, FieldErrors errors, bool allowInvalidValues = false)
    {
        if (selector is null)
        {
            return;
        }

        ObjectMetaRules.ValidateLabels(selector.MatchLabels, path.Child("matchLabels"), errors);
        for (var i = 0; i < (selector.MatchExpressions?.Count ?? 0); i++)
        {
            ValidateRequirement(
                selector.MatchExpressions![i], path.Child("matchExpressions").Index(i), errors, allowInvalidValues);
        }
    }

    /// <summary>Findings on one requirement.</summary>
    /// <param name="requirement">The requirement.</param>
    /// <param name="path">Its path.</param>
    /// <param name="errors">Receives the findings.</param>
    /// <param name="allowInvalidValues">Values are not checked.</param>
    /// <param name="allowUnknownOperator">An operator that nobody knows is no finding.</param>
    public static void ValidateRequirement(
        V1LabelSelectorRequirement requirement, FieldPath path, FieldErrors errors, bool allowInvalidValues = false,
        bool allowUnknownOperator = false)
    {
        var values = requirement.Values ?? [];
        switch (requirement.OperatorProperty)
        {
            case "In" or "NotIn" when values.Count == 0:
                errors.Required(path.Child("values"), "must be specified when `operator` is 'In' or 'NotIn'");
                break;
            case "Exists" or "DoesNotExist" when values.Count != 0:
                errors.Forbidden(
                    path.Child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                break;
            case "In" or "NotIn" or "Exists" or "DoesNotExist":
                break;
            case var _ when allowUnknownOperator:
                break;
            default:
                errors.Invalid(
                    path.Child("operator"), requirement.OperatorProperty ?? "", "not a valid selector operator");
                break;
        }

        errors.InvalidEach(path.Child("key"), requirement.Key ?? "", NameRules.QualifiedName(requirement.Key ?? ""));
        for (var i = 0; i < values.Count && !allowInvalidValues; i++)
        {
            errors.InvalidEach(path.Child("values").Index(i), values[i], NameRules.LabelValue(values[i]));
        }
    }
}
