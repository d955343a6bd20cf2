namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>
/// Who wants which rules. Chains and sets belong to one Service, but elements may be claimed by several: two Services
/// with the same external address and port, or two
/// that select the same pod. The first claimant by name has its way, the others wait; so what the kernel holds depends
/// on the Services alone, not on their history.
/// </summary>
public sealed class RulesetLedger
{
    private readonly Dictionary<string, Ruleset> _owners = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Set, string Key), SortedDictionary<string, string>> _claims = [];

    /// <summary>
    /// Replaces the rules of some owners; the answer holds only what they touch, as it was in force before and as it is
    /// to be now.
    /// </summary>
    public (Ruleset Before, Ruleset After) Replace(IReadOnlyDictionary<string, Ruleset> changed)
    {
        var (before, after) = (new Ruleset(), new Ruleset());
        var touched = new HashSet<(string Set, string Key)>();
        foreach (var (owner, rules) in changed)
        {
            var old = _owners.GetValueOrDefault(owner) ?? new Ruleset();
            CopyOwn(old, before);
            CopyOwn(rules, after);
            touched.UnionWith(old.Elements.Keys);
            touched.UnionWith(rules.Elements.Keys);
        }

        CopyClaims(touched, before);
        foreach (var (owner, rules) in changed)
        {
            Claim(owner, rules);
        }

        CopyClaims(touched, after);
        return (before, after);
    }

    /// <summary>Everything that is to be in force.</summary>
    public Ruleset All()
    {
        var all = new Ruleset();
        foreach (var rules in _owners.Values)
        {
            CopyOwn(rules, all);
        }

        CopyClaims(_claims.Keys, all);
        return all;
    }

    private void Claim(string owner, Ruleset rules)
    {
        if (_owners.Remove(owner, out var old))
        {
            foreach (var key in old.Elements.Keys)
            {
                _claims[key].Remove(owner);
                if (_claims[key].Count == 0)
                {
                    _claims.Remove(key);
                }
            }
        }

        if (rules.Elements.Count == 0)
        {
            return;
        }

        _owners[owner] = rules;
        foreach (var (key, value) in rules.Elements)
        {
            if (!_claims.TryGetValue(key, out var claims))
            {
                _claims[key] = claims = new SortedDictionary<string, string>(StringComparer.Ordinal);
            }

            claims[owner] = value;
        }
    }

    private static void CopyOwn(Ruleset from, Ruleset to)
    {
        foreach (var (name, body) in from.Chains)
        {
            to.Chains[name] = body;
        }

        foreach (var (name, definition) in from.Sets)
        {
            to.Sets[name] = definition;
        }
    }

    private void CopyClaims(IEnumerable<(string Set, string Key)> keys, Ruleset to)
    {
        foreach (var key in keys)
        {
            if (_claims.TryGetValue(key, out var claims))
            {
                to.Elements[key] = claims.First().Value;
            }
        }
    }
}
