using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// What is allowed without a look at any role, so that it is while a cluster starts and while its store is away:
/// everybody who is authenticated may discover the API and ask about themselves, and anonymous requests reach
/// health and
/// version only, as the roles say that every cluster has (<c>BootstrapPolicy</c>); and nodes' networks read what they
/// route.
/// </summary>
public sealed class BuiltInRoles : IAuthorizer
{
    private static readonly string[] PublicPaths = ["/healthz", "/livez", "/readyz", "/version", "/version/"];
    private static readonly string[] DiscoveryPaths = ["/api", "/apis", "/openapi"];
    private static readonly string[] IssuerPaths = ["/.well-known/openid-configuration", "/openid/v1/jwks"];

    private static readonly string[] SelfReviews =
        ["selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"];

    /// <inheritdoc/>
    public ValueTask<AuthorizationDecision> AuthorizeAsync(
        AuthorizationAttributes attributes, CancellationToken cancellationToken)
    {
        if (!attributes.IsResourceRequest)
        {
            return new(RoleForPath(attributes) is var (role, group)
                ? Allow(role, group) : AuthorizationDecision.NoOpinion());
        }

        return new(IsSelfReview(attributes) ? Allow("system:basic-user", SystemNames.Authenticated)
            : IsForNodeNetwork(attributes) ? AuthorizationDecision.Allow
            : AuthorizationDecision.NoOpinion());
    }

    /// <summary>The reason is upstream's: a role that every cluster has, bound to a group by a binding of its name.
    /// </summary>
    private static AuthorizationDecision Allow(string role, string group) => new(
        AuthorizationVerdict.Allow,
        $"RBAC: allowed by ClusterRoleBinding \"{role}\" of ClusterRole \"{role}\" to Group \"{group}\"");

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
