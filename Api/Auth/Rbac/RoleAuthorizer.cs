using k8s.Models;
using OrleansOrchestrator.Api.Auth.Reviews;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Formats;
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
        var key = RuleKey.Of(attributes);
        List<GrantedRules>? missing = null;
        var grant = Find(
            await roles.GrantedEverywhereAsync(attributes.User, cancellationToken), key, attributes, ref missing);
        if (grant is null && attributes.Namespace.Length > 0)
        {
            grant = Find(
                await roles.GrantedInAsync(attributes.User, attributes.Namespace, cancellationToken), key, attributes,
                ref missing);
        }

        return grant is not null ? new AuthorizationDecision(AuthorizationVerdict.Allow, grant.Reason)
            : AuthorizationDecision.NoOpinion(missing is null ? "" : $"RBAC: {Complaints(missing)}");
    }

    /// <summary>The first of what is granted that allows it.</summary>
    private static GrantedRules? Find(
        IEnumerable<GrantedRules> granted, RuleKey key, AuthorizationAttributes attributes,
        ref List<GrantedRules>? missing)
    {
        foreach (var grant in granted)
        {
            if (grant.Complaint is not null)
            {
                (missing ??= []).Add(grant);
            }
            else if (grant.Index.Allows(attributes, key))
            {
                return grant;
            }
        }

        return null;
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
            ])
        {
            Complaints = [.. granted.Select(static g => g.Complaint?.Message).OfType<string>()],
        };
    }

    /// <summary>Which roles are missing, as Go shows a list of errors; empty when none is.</summary>
    internal static string Complaints(IEnumerable<GrantedRules> granted) =>
        GoErrors.Join(granted.Select(static g => g.Complaint?.Message).OfType<string>()) ?? "";
}
