using k8s.Models;
using OrleansOrchestrator.Api.Auth.Reviews;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth.Modes;

/// <summary>Allows what the policies of a file allow (upstream's mode ABAC); it never forbids.</summary>
internal sealed class AttributeAuthorizer(IReadOnlyList<AttributePolicy> policies) : IAuthorizer, IRuleSource
{
    private static readonly AuthorizationDecision None = AuthorizationDecision.NoOpinion("No policy matched.");

    /// <inheritdoc/>
    public ValueTask<AuthorizationDecision> AuthorizeAsync(
        AuthorizationAttributes attributes, CancellationToken cancellationToken) =>
        new(policies.Any(p => p.Allows(attributes)) ? AuthorizationDecision.Allow : None);

    /// <inheritdoc/>
    public ValueTask<AllowedRules> RulesForAsync(
        UserIdentity user, string space, CancellationToken cancellationToken)
    {
        var own = policies.Where(p => p.IsOf(user) && p.IsIn(space)).ToList();
        return new(new AllowedRules(
            [
                .. own.Where(static p => p.Resource.Length > 0).Select(static p => new V1ResourceRule
                {
                    Verbs = Verbs(p), ApiGroups = [p.ApiGroup], Resources = [p.Resource],
                }),
            ],
            [
                .. own.Where(static p => p.Path.Length > 0).Select(static p => new V1NonResourceRule
                {
                    Verbs = Verbs(p), NonResourceURLs = [p.Path],
                }),
            ]));
    }

    private static List<string> Verbs(AttributePolicy policy) =>
        policy.IsReadOnly ? ["get", "list", "watch"] : ["*"];
}
