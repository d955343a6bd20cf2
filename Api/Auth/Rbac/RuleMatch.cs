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

    /// <summary>
    /// True when a rule allows all that another does, which has one verb and one resource or path at most.
    /// </summary>
    public static bool Covers(V1PolicyRule rule, V1PolicyRule atom) =>
        (atom.Verbs ?? []).All(verb => Has(rule.Verbs, verb))
        && (atom.ApiGroups ?? []).All(group => Has(rule.ApiGroups, group))
        && (atom.Resources ?? []).All(resource => CoversResource(rule.Resources, resource))
        && (atom.NonResourceURLs ?? []).All(path => HasPath(rule.NonResourceURLs, path))
        && (rule.ResourceNames is not { Count: > 0 } names
            || (atom.ResourceNames is { Count: > 0 } wanted && wanted.All(names.Contains)));

    private static bool CoversResource(IList<string>? resources, string resource) =>
        resource.Split('/', 2) is [var parent, var subresource]
            ? HasResource(resources, parent, subresource)
            : HasResource(resources, resource, "");

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
