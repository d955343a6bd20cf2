using k8s.Models;

namespace OrleansOrchestrator.Resources.Rbac;

/// <summary>A rule that somebody has, made ready to be compared with many that are to be granted.</summary>
public sealed class CoveringRule(V1PolicyRule rule)
{
    private readonly HashSet<string> _verbs = SetOf(rule.Verbs);
    private readonly HashSet<string> _groups = SetOf(rule.ApiGroups);
    private readonly HashSet<string> _resources = SetOf(rule.Resources);
    private readonly HashSet<string> _names = SetOf(rule.ResourceNames);
    private readonly HashSet<string> _paths = SetOf(rule.NonResourceURLs);

    private readonly string[] _prefixes =
        [.. (rule.NonResourceURLs ?? []).Select(RuleTerms.PrefixOf).OfType<string>()];

    /// <summary>True when it allows all that another rule does (upstream's <c>ruleCovers</c>).</summary>
    public bool Covers(V1PolicyRule other) =>
        (other.Verbs ?? []).All(verb => RuleTerms.Has(_verbs, verb))
        && (other.ApiGroups ?? []).All(group => RuleTerms.Has(_groups, group))
        && (other.Resources ?? []).All(resource => RuleTerms.HasResource(_resources, resource))
        && (other.NonResourceURLs ?? []).All(HasPath)
        && (_names.Count == 0 || (other.ResourceNames is { Count: > 0 } wanted && wanted.All(_names.Contains)));

    /// <summary>
    /// What of some rules the others do not allow, in the smallest rules that say it (upstream's <c>Covers</c>).
    /// </summary>
    public static List<V1PolicyRule> Missing(IEnumerable<V1PolicyRule> own, IEnumerable<V1PolicyRule> wanted)
    {
        var rules = own.Select(static r => new CoveringRule(r)).ToList();
        return [.. wanted.SelectMany(Smallest).Where(w => !rules.Exists(r => r.Covers(w)))];
    }

    /// <summary>A rule as the smallest rules that say the same together.</summary>
    public static IEnumerable<V1PolicyRule> Smallest(V1PolicyRule rule)
    {
        string?[] names = rule.ResourceNames is { Count: > 0 } given ? [.. given] : [null];
        var ofResources =
            from apiGroup in rule.ApiGroups ?? []
            from resource in rule.Resources ?? []
            from verb in rule.Verbs ?? []
            from name in names
            select new V1PolicyRule
            {
                ApiGroups = [apiGroup], Resources = [resource], Verbs = [verb],
                ResourceNames = name is null ? null : [name],
            };
        var ofPaths =
            from path in rule.NonResourceURLs ?? []
            from verb in rule.Verbs ?? []
            select new V1PolicyRule { NonResourceURLs = [path], Verbs = [verb] };
        return ofResources.Concat(ofPaths);
    }

    private static HashSet<string> SetOf(IList<string>? values) => new(values ?? [], StringComparer.Ordinal);

    private bool HasPath(string path) =>
        _paths.Contains(path) || _prefixes.Any(p => path.StartsWith(p, StringComparison.Ordinal));
}
