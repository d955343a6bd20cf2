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
        List<GrantedRules>? missing = null;
        foreach (var bound in await roles.BoundEverywhereAsync(attributes.User, cancellationToken))
        {
            var grant = await roles.RulesOfAsync(bound, "", cancellationToken);
            if (Allows(grant, attributes, ref missing))
            {
                return new AuthorizationDecision(AuthorizationVerdict.Allow, grant.Reason);
            }
        }

        foreach (var bound in await roles.BoundInAsync(attributes.User, attributes.Namespace, cancellationToken))
        {
            var grant = await roles.RulesOfAsync(bound, attributes.Namespace, cancellationToken);
            if (Allows(grant, attributes, ref missing))
            {
                return new AuthorizationDecision(AuthorizationVerdict.Allow, grant.Reason);
            }
        }

        return AuthorizationDecision.NoOpinion(missing is null ? "" : $"RBAC: {Complaints(missing)}");
    }

    private static bool Allows(GrantedRules grant, AuthorizationAttributes attributes, ref List<GrantedRules>? missing)
    {
        if (grant.Complaint is not null)
        {
            (missing ??= []).Add(grant);
        }

        for (var i = 0; i < grant.Rules.Count; i++)
        {
            if (RuleMatch.Allows(grant.Rules[i], attributes))
            {
                return true;
            }
        }

        return false;
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
