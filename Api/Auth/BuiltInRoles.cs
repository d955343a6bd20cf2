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
        var isAllowed = attributes.IsResourceRequest
            ? IsSelfReview(attributes) || IsForNodeNetwork(attributes)
            : MayGetPath(attributes);
        return new(isAllowed ? AuthorizationDecision.Allow : AuthorizationDecision.NoOpinion());
    }

    private static bool MayGetPath(AuthorizationAttributes wanted)
    {
        if (wanted.Verb is not ("get" or "head"))
        {
            return false;
        }

        if (PublicPaths.Contains(wanted.Path))
        {
            return true;
        }

        var path = wanted.Path.TrimEnd('/');
        return wanted.User.Groups.Contains(SystemNames.Authenticated) &&
            (DiscoveryPaths.Any(p => IsAtOrBelow(path, p)) ||
            (wanted.User.Groups.Contains(SystemNames.ServiceAccounts) && IssuerPaths.Contains(path)));
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
            && (wanted.Group, wanted.Resource) is ("", "services" or "nodes" or "namespaces") or ("discovery.k8s.io",
                "endpointslices");
}
