using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.AdmissionRegistration.Policies;

/// <summary>Defaults and validation of what a policy or a binding is for.</summary>
internal static class MatchResourceRules
{
    public static void SetDefaults(V1MatchResources? match)
    {
        if (match is null)
        {
            return;
        }

        match.MatchPolicy ??= "Equivalent";
        match.NamespaceSelector ??= new V1LabelSelector();
        match.ObjectSelector ??= new V1LabelSelector();
        foreach (var rule in (match.ResourceRules ?? []).Concat(match.ExcludeResourceRules ?? []))
        {
            rule.Scope ??= "*";
        }
    }

    /// <summary>A policy must be for something.</summary>
    public static void ValidateConstraints(V1MatchResources? match, FieldPath path, FieldErrors errors)
    {
        if (match is null)
        {
            errors.Required(path);
            return;
        }

        Validate(match, path, errors);
        if (match.ResourceRules is not { Count: > 0 })
        {
            errors.Required(path.Child("resourceRules"));
        }
    }

    public static void Validate(V1MatchResources? match, FieldPath path, FieldErrors errors)
    {
        if (match is null)
        {
            return;
        }

        AdmissionRules.ValidateRequiredChoice(
            match.MatchPolicy, AdmissionRules.MatchPolicies, path.Child("matchPolicy"), errors);
        LabelSelectorRules.Validate(match.NamespaceSelector, path.Child("namespaceSelector"), errors);
        LabelSelectorRules.Validate(match.ObjectSelector, path.Child("objectSelector"), errors);
        ValidateRules(match.ResourceRules, path.Child("resourceRules"), errors);
        ValidateRules(match.ExcludeResourceRules, path.Child("excludeResourceRules"), errors);
    }

    private static void ValidateRules(IList<V1NamedRuleWithOperations>? rules, FieldPath path, FieldErrors errors)
    {
        foreach (var (i, rule) in (rules ?? []).Index())
        {
            var names = new HashSet<string>(StringComparer.Ordinal);
            foreach (var (j, name) in (rule.ResourceNames ?? []).Index())
            {
                var namePath = path.Index(i).Child("resourceNames").Index(j);
                errors.InvalidEach(namePath, name, NameRules.PathSegment(name));
                if (!names.Add(name))
                {
                    errors.Duplicate(namePath, name);
                }
            }

            AdmissionRules.Validate(OperationRule.Of(rule), path.Index(i), errors);
        }
    }
}
