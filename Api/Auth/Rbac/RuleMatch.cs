using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Resources.Rbac;

namespace OrleansOrchestrator.Api.Auth.Rbac;

/// <summary>Whether a rule of a role allows what is wanted.</summary>
public static class RuleMatch
{
    /// <summary>True when the one rule allows it.</summary>
    public static bool Allows(V1PolicyRule rule, AuthorizationAttributes wanted) =>
        RuleTerms.Has(rule.Verbs, wanted.Verb) && (wanted.IsResourceRequest
            ? RuleTerms.Has(rule.ApiGroups, wanted.Group)
                && RuleTerms.HasResource(
                    rule.Resources,
                    wanted.Subresource.Length == 0 ? wanted.Resource : $"{wanted.Resource}/{wanted.Subresource}")
                && (rule.ResourceNames is not { Count: > 0 } names || names.Contains(wanted.Name))
            : HasPath(rule.NonResourceURLs, wanted.Path));

    private static bool HasPath(IList<string>? paths, string wanted)
    {
        for (var i = 0; i < (paths?.Count ?? 0); i++)
        {
            if (CoversPath(paths![i], wanted))
            {
                return true;
            }
        }

        return false;
    }

    private static bool CoversPath(string path, string wanted) => path == wanted
        || (RuleTerms.PrefixOf(path) is { } prefix && wanted.StartsWith(prefix, StringComparison.Ordinal));
}
