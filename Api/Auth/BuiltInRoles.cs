using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Rbac;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// What is allowed without a look at any role, so that it is while a cluster starts: everybody who is authenticated may
/// discover the API and ask about themselves, and anonymous requests reach health and version only, as the roles say
/// that every cluster has (<see cref="BootstrapPolicy"/>). As soon as such a role's binding is there it decides, and so
/// does its absence once the cluster has been given its bindings: whoever takes a group out of one, or deletes it, is
/// obeyed. Until that can be read only probes are answered. And nodes' networks read what they route.
/// </summary>
public sealed class BuiltInRoles(ResourceCaches caches) : IAuthorizer
{
    private static readonly string[] ProbePaths = ["/healthz", "/livez", "/readyz"];
    private static readonly string[] PublicPaths = [.. ProbePaths, "/version", "/version/"];
    private static readonly string[] DiscoveryPaths = ["/api", "/apis", "/openapi"];
    private static readonly string[] IssuerPaths = ["/.well-known/openid-configuration", "/openid/v1/jwks"];

    private static readonly string[] SelfReviews =
        ["selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"];

    /// <summary>What the bootstrap makes when all bindings are there: the roles that are made of others.</summary>
    private static readonly ObjectKey[] MadeLast =
    [
        .. BootstrapPolicy.ClusterRoles.Where(static r => r.AggregationRule is not null)
            .Select(static r => new ObjectKey("", r.Metadata.Name)),
    ];

    /// <summary>Once true, it stays.</summary>
    private volatile bool _hasBindings;

    /// <inheritdoc/>
    public ValueTask<AuthorizationDecision> AuthorizeAsync(
        AuthorizationAttributes attributes, CancellationToken cancellationToken)
    {
        if (!attributes.IsResourceRequest)
        {
            return RoleForPath(attributes) is not var (role, group) ? new(AuthorizationDecision.NoOpinion())
                : ProbePaths.Contains(attributes.Path) && !AreLoaded() ? new(Allow(role, group))
                : DefaultAsync(role, group, cancellationToken);
        }

        return IsSelfReview(attributes)
            ? DefaultAsync("system:basic-user", SystemNames.Authenticated, cancellationToken)
            : new(IsForNodeNetwork(attributes) ? AuthorizationDecision.Allow : AuthorizationDecision.NoOpinion());
    }

    private async ValueTask<AuthorizationDecision> DefaultAsync(
        string role, string group, CancellationToken cancellationToken) =>
        await IsDecidedAsync(role, cancellationToken) ? AuthorizationDecision.NoOpinion() : Allow(role, group);

    /// <summary>The reason is upstream's: a role that every cluster has, bound to a group by a binding of its name.
    /// </summary>
    private static AuthorizationDecision Allow(string role, string group) => new(
        AuthorizationVerdict.Allow,
        $"RBAC: allowed by ClusterRoleBinding \"{role}\" of ClusterRole \"{role}\" to Group \"{group}\"");

    /// <summary>Whether roles can be read; begins to load what is not there.</summary>
    private bool AreLoaded()
    {
        caches.Begin(WellKnown.ClusterRoles);
        caches.Begin(WellKnown.ClusterRoleBindings);
        return caches.Find(WellKnown.ClusterRoles) is not null
            && caches.Find(WellKnown.ClusterRoleBindings) is not null;
    }

    /// <summary>
    /// The binding of a role is there, or was and has been deleted. Throws when that cannot be read, as the roles do.
    /// </summary>
    private async ValueTask<bool> IsDecidedAsync(string role, CancellationToken cancellationToken)
    {
        if (_hasBindings)
        {
            return true;
        }

        var bindings = await caches.GetAsync(WellKnown.ClusterRoleBindings, cancellationToken);
        var roles = (await caches.GetAsync(WellKnown.ClusterRoles, cancellationToken)).Current;
        if (!MadeLast.Any(k => roles.Get(k) is not null))
        {
            return bindings.Current.Get(new ObjectKey("", role)) is not null;
        }

        // The two caches follow apart: the bindings were made before, but need not have arrived.
        await bindings.ConsistentAsync(cancellationToken);
        return _hasBindings = true;
    }

    /// <summary>The role that allows to get a path, and the group of the user's that has it; null for none.</summary>
    private static (string Role, string Group)? RoleForPath(AuthorizationAttributes wanted)
    {
        if (wanted.Verb != "get")
        {
            return null;
        }

        var path = wanted.Path.TrimEnd('/');
        var (isPublic, groups) = (PublicPaths.Contains(wanted.Path), wanted.User.Groups);
        return groups.Contains(SystemNames.Authenticated)
            && (isPublic || DiscoveryPaths.Any(p => IsAtOrBelow(path, p)))
                ? ("system:discovery", SystemNames.Authenticated)
            : isPublic && groups.Contains(SystemNames.Unauthenticated)
                ? ("system:public-info-viewer", SystemNames.Unauthenticated)
            : groups.Contains(SystemNames.ServiceAccounts) && IssuerPaths.Contains(path)
                ? ("system:service-account-issuer-discovery", SystemNames.ServiceAccounts)
            : null;
    }

    private static bool IsAtOrBelow(string path, string root) =>
        path.StartsWith(root, StringComparison.Ordinal) && (path.Length == root.Length || path[root.Length] == '/');

    private static bool IsSelfReview(AuthorizationAttributes wanted) =>
        wanted.Verb == "create"
            && wanted.Subresource.Length == 0
            && wanted.User.Groups.Contains(SystemNames.Authenticated)
            && wanted.Group is "authorization.k8s.io" or "authentication.k8s.io"
            && SelfReviews.Contains(wanted.Resource);

    private static bool IsForNodeNetwork(AuthorizationAttributes wanted) =>
        wanted.IsReadOnly
            && wanted.Subresource.Length == 0
            && wanted.User.Groups.Contains(SystemNames.NodeNetwork)
            && (wanted.Group, wanted.Resource) is ("", "services" or "nodes" or "namespaces" or "pods")
                or ("discovery.k8s.io", "endpointslices") or ("networking.k8s.io", "networkpolicies");
}
