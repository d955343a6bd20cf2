using k8s.Models;
using OrleansOrchestrator.Api.Auth.Reviews;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// Comes first: <c>system:masters</c> may do everything, and the API's own client to nodes
/// (<see cref="SystemNames.KubeletClients"/>) nothing at all.
/// </summary>
public sealed class MastersAuthorizer : IAuthorizer, IRuleSource
{
    public ValueTask<AuthorizationDecision> AuthorizeAsync(
        AuthorizationAttributes attributes, CancellationToken cancellationToken)
    {
        var groups = attributes.User.Groups;
        return new(groups.Contains(SystemNames.KubeletClients)
            ? AuthorizationDecision.Deny("the API's client to nodes is no client of the API")
            : groups.Contains(SystemNames.Masters)
                ? AuthorizationDecision.Allow
                : AuthorizationDecision.NoOpinion());
    }

    /// <inheritdoc/>
    public ValueTask<AllowedRules> RulesForAsync(
        UserIdentity user, string space, CancellationToken cancellationToken) =>
        new(user.Groups.Contains(SystemNames.Masters)
            ? new AllowedRules(
                [new V1ResourceRule { Verbs = ["*"], ApiGroups = ["*"], Resources = ["*"] }],
                [new V1NonResourceRule { Verbs = ["*"], NonResourceURLs = ["*"] }])
            : new AllowedRules([], []));
}
