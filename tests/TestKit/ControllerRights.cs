using k8s.Models;
using OrleansOrchestrator.Api.Auth.Rbac;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Rbac;

namespace OrleansOrchestrator.TestKit;

/// <summary>
/// Whether a controller may what it writes: by its role of the cluster's beginning, <c>system:controller:NAME</c>, or
/// by the namespaced one of that name. It reads caches, as upstream's do, which are those of the controller manager:
/// that may list and watch everything.
/// </summary>
internal static class ControllerRights
{
    private const string AccountPrefix = "system:serviceaccount:kube-system:";
    private const string RolePrefix = "system:controller:";

    /// <summary>Controllers that have no role by their own name.</summary>
    private static readonly Dictionary<string, string> OtherRoles = new(StringComparer.Ordinal)
    {
        // Upstream's is the one that works as the controller manager itself.
        ["tokens-controller"] = "system:kube-controller-manager",

        // A provisioner that upstream has not: it has the rights that upstream has for provisioners.
        ["local-path-provisioner"] = "system:persistent-volume-provisioner",
    };

    private static readonly Dictionary<string, V1PolicyRule[]> Rules = BootstrapPolicy.ClusterRoles
        .Select(static r => (r.Metadata.Name, Rules: r.Rules ?? []))
        .Concat(BootstrapPolicy.Roles.Select(static r => (r.Metadata.Name, Rules: r.Rules ?? [])))
        .GroupBy(static r => r.Name, StringComparer.Ordinal)
        .ToDictionary(static g => g.Key, static g => g.SelectMany(r => r.Rules).ToArray(), StringComparer.Ordinal);

    /// <summary>Throws when somebody is a controller that may not do this.</summary>
    public static void Demand(UserIdentity user, string verb, ResourceName resource, string subresource, ObjectKey key)
    {
        if (!user.Name.StartsWith(AccountPrefix, StringComparison.Ordinal))
        {
            return;
        }

        var controller = user.Name[AccountPrefix.Length..];
        var asked = new AuthorizationAttributes
        {
            User = user, Verb = verb, Group = resource.Group, Resource = resource.Plural, Subresource = subresource,
            Namespace = key.Namespace, Name = key.Name,
        };
        var role = OtherRoles.GetValueOrDefault(controller, RolePrefix + controller);
        if (!Rules.TryGetValue(role, out var rules) || !Array.Exists(rules, r => Allows(r, asked)))
        {
            throw new InvalidOperationException(
                $"{controller} has no right to {verb} {resource.Qualified}"
                + (subresource.Length == 0 ? "" : $"/{subresource}"));
        }
    }

    /// <summary>
    /// Where upstream reads an object and updates it, ours may merge into the revision that it has read, which is one
    /// request instead of two and changes no more.
    /// </summary>
    private static bool Allows(V1PolicyRule rule, AuthorizationAttributes asked) =>
        RuleMatch.Allows(rule, asked)
        || (asked.Verb == "patch" && RuleMatch.Allows(rule, asked with { Verb = "update" }));
}
