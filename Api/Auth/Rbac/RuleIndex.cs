using k8s.Models;
using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Auth.Rbac;

/// <summary>
/// The rules of a role by the resources that they name, so that a decision looks at few of them. It says the same as
/// asking each rule (<see cref="RuleMatch"/>).
/// </summary>
internal sealed class RuleIndex
{
    /// <summary>
    /// A rule with more pairs of group and resource is looked at always: 100,000 of each would be 10^10 pairs.
    /// </summary>
    private const int MaxPairs = 64;

    /// <summary>Of a role that is missing.</summary>
    public static readonly RuleIndex Empty = new([]);

    private readonly Dictionary<RuleKey, List<V1PolicyRule>> _named = [];
    private readonly List<V1PolicyRule> _always = [];
    private readonly List<V1PolicyRule> _paths = [];

    public RuleIndex(IList<V1PolicyRule> rules)
    {
        foreach (var rule in rules)
        {
            if (rule.NonResourceURLs is { Count: > 0 })
            {
                _paths.Add(rule);
            }

            Add(rule, rule.ApiGroups ?? [], rule.Resources ?? []);
        }
    }

    /// <summary>True when one of the rules allows it.</summary>
    /// <param name="wanted">What is wanted.</param>
    /// <param name="key">The key of that.</param>
    public bool Allows(AuthorizationAttributes wanted, RuleKey key) => wanted.IsResourceRequest
        ? (_named.TryGetValue(key, out var rules) && Any(rules, wanted)) || Any(_always, wanted)
        : Any(_paths, wanted);

    private void Add(V1PolicyRule rule, IList<string> groups, IList<string> resources)
    {
        if ((long)groups.Count * resources.Count > MaxPairs || groups.Contains("*")
            || resources.Any(static r => r.StartsWith('*')))
        {
            _always.Add(rule);
            return;
        }

        foreach (var key in groups.SelectMany(g => resources.Select(r => new RuleKey(g, r))).Distinct())
        {
            if (!_named.TryGetValue(key, out var rules))
            {
                _named[key] = rules = [];
            }

            rules.Add(rule);
        }
    }

    private static bool Any(List<V1PolicyRule> rules, AuthorizationAttributes wanted)
    {
        foreach (var rule in rules)
        {
            if (RuleMatch.Allows(rule, wanted))
            {
                return true;
            }
        }

        return false;
    }
}
