using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Rbac.Roles;

/// <summary>Validation of the rules of a role.</summary>
internal static class PolicyRules
{
    private static readonly FieldPath Rules = FieldPath.Of("rules");

    public static void Validate(IList<V1PolicyRule>? rules, bool isNamespaced, FieldErrors errors)
    {
        for (var i = 0; i < (rules?.Count ?? 0); i++)
        {
            Validate(rules![i], isNamespaced, Rules.Index(i), errors);
        }
    }

    private static void Validate(V1PolicyRule rule, bool isNamespaced, FieldPath path, FieldErrors errors)
    {
        if (rule.Verbs is not { Count: > 0 })
        {
            errors.Required(path.Child("verbs"), "verbs must contain at least one value");
        }

        var hasGroups = rule.ApiGroups is { Count: > 0 };
        var hasResources = rule.Resources is { Count: > 0 };
        var hasNames = rule.ResourceNames is { Count: > 0 };
        if (rule.NonResourceURLs is { Count: > 0 } urls)
        {
            ValidateUrls(
                urls, isNamespaced, hasGroups || hasResources || hasNames, path.Child("nonResourceURLs"), errors);
            return;
        }

        if (!hasGroups)
        {
            errors.Required(path.Child("apiGroups"), "resource rules must supply at least one api group");
        }

        if (!hasResources)
        {
            errors.Required(path.Child("resources"), "resource rules must supply at least one resource");
        }
    }

    private static void ValidateUrls(
        IList<string> urls, bool isNamespaced, bool isForResources, FieldPath path, FieldErrors errors)
    {
        if (isNamespaced)
        {
            errors.Invalid(path, urls, "namespaced rules cannot apply to non-resource URLs");
        }

        if (isForResources)
        {
            errors.Invalid(path, urls, "rules cannot apply to both regular resources and non-resource URLs");
        }
    }
}
