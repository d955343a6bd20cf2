using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Rbac;

namespace OrleansOrchestrator.Api.Auth.Rbac;

/// <summary>
/// Nobody gives away what they do not have (upstream's <c>ConfirmNoEscalation</c>): which of the rules to be granted
/// are not covered by one's own.
/// </summary>
public static class Escalation
{
    /// <summary>
    /// How many smallest rules are looked at. A short rule stands for very many, and upstream looks at all: what no
    /// single rule of one's own covers, and stands for more, is refused.
    /// </summary>
    private const long MaxAtoms = 20_000;

    /// <summary>Why the rules may not be granted; null when the user has all of them.</summary>
    public static string? Complaint(
        UserIdentity user, IReadOnlyList<GrantedRules> own, IEnumerable<V1PolicyRule> wanted)
    {
        var rules = own.SelectMany(static g => g.Rules).Select(static r => new CoveringRule(r)).ToList();
        var open = wanted.Where(w => !rules.Exists(r => r.Covers(w))).ToList();
        if (open.Sum(AtomsOf) > MaxAtoms)
        {
            return $"{Attempt(user)} more than {MaxAtoms} RBAC permissions at once that no single rule of theirs has";
        }

        var missing = open.SelectMany(CoveringRule.Smallest).Where(a => !rules.Exists(r => r.Covers(a))).ToList();
        if (missing.Count == 0)
        {
            return null;
        }

        var lines = Joined(missing).Select(Shown).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        var complaints = RoleAuthorizer.Complaints(own.Select(Stored));
        return $"{Attempt(user)} RBAC permissions not currently held:\n{string.Join('\n', lines)}" +
            (complaints.Length == 0 ? "" : $"; resolution errors: [{complaints}]");
    }

    /// <summary>A missing role as upstream's storage tells it, which it asks here: by the plural.</summary>
    private static GrantedRules Stored(GrantedRules rules) => rules.Complaint?.Details is { } details
        ? rules with
        {
            Complaint = StatusErrors.NotFound(
                new ResourceName(WellKnown.Roles.Group, $"{details.Kind}s"), details.Name ?? ""),
        }
        : rules;

    private static string Attempt(UserIdentity user) =>
        $"user {GoText.Quote(user.Name)} (groups={GoText.Quoted(user.Groups)}) is attempting to grant";

    private static double AtomsOf(V1PolicyRule rule)
    {
        double verbs = rule.Verbs?.Count ?? 0;
        var ofResources = verbs * (rule.ApiGroups?.Count ?? 0) * (rule.Resources?.Count ?? 0)
            * Math.Max(1, rule.ResourceNames?.Count ?? 0);
        return ofResources + (verbs * (rule.NonResourceURLs?.Count ?? 0));
    }

    /// <summary>
    /// Smallest rules of one resource, or of one object by its name, become one with all their verbs; paths stay alone.
    /// </summary>
    private static IEnumerable<V1PolicyRule> Joined(List<V1PolicyRule> atoms) =>
        atoms.Where(static a => !IsSimple(a)).Concat(
            atoms.Where(IsSimple).GroupBy(static a => (a.ApiGroups[0], a.Resources[0], a.ResourceNames?[0])).Select(
                static g => new V1PolicyRule
                {
                    ApiGroups = [g.Key.Item1], Resources = [g.Key.Item2], ResourceNames = g.First().ResourceNames,
                    Verbs = [.. g.SelectMany(a => a.Verbs)],
                }));

    private static bool IsSimple(V1PolicyRule atom) => atom.NonResourceURLs is null;

    private static string Shown(V1PolicyRule rule)
    {
        (string Name, IList<string>? Values)[] fields =
        [
            ("APIGroups", rule.ApiGroups), ("Resources", rule.Resources), ("NonResourceURLs", rule.NonResourceURLs),
            ("ResourceNames", rule.ResourceNames), ("Verbs", rule.Verbs),
        ];
        var given = fields.Where(static f => f.Values is { Count: > 0 });
        return $"{{{string.Join(", ", given.Select(static f => $"{f.Name}:{GoText.Quoted(f.Values!)}"))}}}";
    }
}
