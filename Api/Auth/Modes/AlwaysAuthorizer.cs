using k8s.Models;
using OrleansOrchestrator.Api.Auth.Reviews;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth.Modes;

/// <summary>Allows everything, or nothing: for tests.</summary>
internal sealed class AlwaysAuthorizer(bool allows) : IAuthorizer, IRuleSource
{
    /// <inheritdoc/>
    public ValueTask<AuthorizationDecision> AuthorizeAsync(
        AuthorizationAttributes attributes, CancellationToken cancellationToken) =>
        new(allows
            ? AuthorizationDecision.Allow
            : AuthorizationDecision.NoOpinion("Everything is forbidden."));

    /// <inheritdoc/>
    public ValueTask<AllowedRules> RulesForAsync(
        UserIdentity user, string space, CancellationToken cancellationToken) =>
        new(allows
            ? new AllowedRules(
                [new V1ResourceRule { Verbs = ["*"], ApiGroups = ["*"], Resources = ["*"] }],
                [new V1NonResourceRule { Verbs = ["*"], NonResourceURLs = ["*"] }])
            : new AllowedRules([], []));
}
