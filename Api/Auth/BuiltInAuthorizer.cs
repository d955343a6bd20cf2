using OrleansOrchestrator.Api.Pipeline;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// The roles that a cluster has before anybody wrote one: masters may do all, nodes what <see cref="NodeRules"/> says,
/// everybody who is authenticated may discover the API, and anonymous requests reach health and version only.
/// </summary>
public sealed class BuiltInAuthorizer(NodeRules nodes) : IAuthorizer
{
    private const string NodePrefix = "system:node:";

    private static readonly string[] PublicPaths = ["/healthz", "/livez", "/readyz", "/version", "/version/"];
    private static readonly string[] DiscoveryPaths = ["/api", "/apis", "/openapi"];
    private static readonly string[] IssuerPaths = ["/.well-known/openid-configuration", "/openid/v1/jwks"];

    private static readonly string[] SelfReviews =
        ["selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"];

    /// <inheritdoc/>
    public ValueTask<AuthorizationDecision> AuthorizeAsync(
        UserIdentity user, RequestInfo request, CancellationToken cancellationToken)
    {
        if (user.Groups.Contains("system:masters"))
        {
            return new(AuthorizationDecision.Allow);
        }

        if (!request.IsResourceRequest)
        {
            return new(MayGetPath(user, request) ? AuthorizationDecision.Allow : AuthorizationDecision.NoOpinion);
        }

        if (user.Groups.Contains("system:nodes") && user.Name.StartsWith(NodePrefix, StringComparison.Ordinal))
        {
            return nodes.AuthorizeAsync(user.Name[NodePrefix.Length..], request, cancellationToken);
        }

        return new(IsSelfReview(user, request) ? AuthorizationDecision.Allow : AuthorizationDecision.NoOpinion);
    }

    private static bool MayGetPath(UserIdentity user, RequestInfo request)
    {
        if (request.Verb is not ("get" or "head"))
        {
            return false;
        }

        if (PublicPaths.Contains(request.Path))
        {
            return true;
        }

        var path = request.Path.TrimEnd('/');
        return user.Groups.Contains("system:authenticated") &&
            (DiscoveryPaths.Any(p => IsAtOrBelow(path, p)) ||
            (user.Groups.Contains("system:serviceaccounts") && IssuerPaths.Contains(path)));
    }

    private static bool IsAtOrBelow(string path, string root) =>
        path.StartsWith(root, StringComparison.Ordinal) && (path.Length == root.Length || path[root.Length] == '/');

    private static bool IsSelfReview(UserIdentity user, RequestInfo request) =>
        request.Verb == "create" && user.Groups.Contains("system:authenticated") &&
        request.Group is ("authorization.k8s.io" or "authentication.k8s.io") && SelfReviews.Contains(request.Resource);
}
