using k8s.Models;
using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Auth.Rbac;

/// <summary>
/// Whether a rule of a role allows what is wanted (upstream's <c>apis/rbac/v1/evaluation_helpers</c>).
/// </summary>
public static class RuleMatch
{
    private const string All = "*";

    /// <summary>True when the one rule allows it.</summary>
    public static bool Allows(V1PolicyRule rule, AuthorizationAttributes wanted) =>
        Has(rule.Verbs, wanted.Verb) && (wanted.IsResourceRequest
            ? Has(rule.ApiGroups, wanted.Group)
                && HasResource(rule.Resources, wanted.Resource, wanted.Subresource)
                && (rule.ResourceNames is not { Count: > 0 } names || names.Contains(wanted.Name))
            : HasPath(rule.NonResourceURLs, wanted.Path));

    private static bool Has(IList<string>? values, string wanted) =>
        values is not null && (values.Contains(wanted) || values.Contains(All));

    /// <summary>A resource or subresource itself, all of them, or the same subresource of all.</summary>
    private static bool HasResource(IList<string>? resources, string resource, string subresource) =>
        Has(resources, subresource.Length == 0 ? resource : $"{resource}/{subresource}")
        || (subresource.Length > 0 && resources?.Contains($"*/{subresource}") == true);

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

    private static bool CoversPath(string path, string wanted) =>
        path == wanted || (path.EndsWith('*') && wanted.StartsWith(path.TrimEnd('*'), StringComparison.Ordinal));
}
