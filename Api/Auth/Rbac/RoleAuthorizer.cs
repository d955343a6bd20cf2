using k8s.Models;
using OrleansOrchestrator.Api.Auth.Reviews;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth.Rbac;

/// <summary>
/// Allows what the roles that are bound to somebody allow (upstream's RBAC authorizer). It never says no: what no role
/// allows, nobody allows.
/// </summary>
public sealed class RoleAuthorizer(RoleBook roles) : IAuthorizer, IRuleSource
{
    /// <inheritdoc/>
    public async ValueTask<AuthorizationDecision> AuthorizeAsync(
        AuthorizationAttributes attributes, CancellationToken cancellationToken)
    {
        var granted = await roles.RulesOfAsync(attributes.User, attributes.Namespace, cancellationToken);
        foreach (var grant in granted)
        {
            if (grant.Rules.Any(rule => RuleMatch.Allows(rule, attributes)))
            {
                return new AuthorizationDecision(
                    AuthorizationVerdict.Allow, $"RBAC: allowed by {grant.Source}");
            }
        }

        return AuthorizationDecision.NoOpinion(Complaints(granted) is { Length: > 0 } all ? $"RBAC: {all}" : "");
    }

    /// <inheritdoc/>
    public async ValueTask<AllowedRules> RulesForAsync(
        UserIdentity user, string space, CancellationToken cancellationToken)
    {
        var granted = await roles.RulesOfAsync(user, space, cancellationToken);
        var rules = granted.SelectMany(static g => g.Rules).ToList();
        return new AllowedRules(
            [
                .. rules.Where(static r => r.Resources is { Count: > 0 }).Select(static r => new V1ResourceRule
                {
                    Verbs = r.Verbs, ApiGroups = r.ApiGroups, Resources = r.Resources, ResourceNames = r.ResourceNames,
                }),
            ],
            [
                .. rules.Where(static r => r.NonResourceURLs is { Count: > 0 }).Select(static r => new V1NonResourceRule
                {
                    Verbs = r.Verbs, NonResourceURLs = r.NonResourceURLs,
                }),
            ],
            Complaints(granted));
    }

    /// <summary>Which roles are missing, as Go shows a list of errors; empty when none is.</summary>
    internal static string Complaints(IEnumerable<GrantedRules> granted)
    {
        string[] all = [.. granted.Select(static g => g.Complaint?.Message).OfType<string>().Distinct()];
        return all is [var one] ? one : all.Length == 0 ? "" : $"[{string.Join(", ", all)}]";
    }
}
