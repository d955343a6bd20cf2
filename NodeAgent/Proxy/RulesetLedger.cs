using OrleansOrchestrator.NodeAgent.Nftables;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>
/// Who wants which rules. Parts and elements may be claimed by several Services: those of the same shape, two with the
/// same external address and port, or two that select the same pod. The first claimant by name has its way, the others
/// wait; so what the kernel holds depends on the Services alone, not on their history.
/// </summary>
public sealed class RulesetLedger
{
    private readonly Dictionary<string, Ruleset> _owners = new(StringComparer.Ordinal);
    private readonly Claims<Part> _parts = new();
    private readonly Claims<(string Set, string Key)> _elements = new();
    private readonly Claims<string> _flows = new();

    /// <summary>
    /// Replaces the rules of some owners; the answer holds only what they touch, as it was in force before and as it is
    /// to be now.
    /// </summary>
    public (Ruleset Before, Ruleset After) Replace(IReadOnlyDictionary<string, Ruleset> changed)
    {
        var touched = new Ruleset();
        foreach (var (owner, rules) in changed)
        {
            Copy(_owners.GetValueOrDefault(owner), touched);
            Copy(rules, touched);
        }

        var before = InForce(touched);
        foreach (var (owner, rules) in changed)
        {
            Claim(owner, rules);
        }

        return (before, InForce(touched));
    }

    /// <summary>Everything that is to be in force.</summary>
    public Ruleset All()
    {
        var all = new Ruleset();
        foreach (var rules in _owners.Values)
        {
            Copy(rules, all);
        }

        return InForce(all);
    }

    /// <summary>By key of a UDP port, the endpoints that its flows may lead to.</summary>
    public Dictionary<string, string> Flows() =>
        _owners.Values.SelectMany(o => o.Flows.Keys).Distinct().ToDictionary(
            k => k, k => _flows.Winner(k)!, StringComparer.Ordinal);

    private void Claim(string owner, Ruleset rules)
    {
        if (_owners.Remove(owner, out var old))
        {
            _parts.Remove(owner, old.Parts.Keys);
            _elements.Remove(owner, old.Elements.Keys);
            _flows.Remove(owner, old.Flows.Keys);
        }

        if (rules.Elements.Count > 0)
        {
            _owners[owner] = rules;
            _parts.Add(owner, rules.Parts);
            _elements.Add(owner, rules.Elements);
            _flows.Add(owner, rules.Flows);
        }
    }

    private Ruleset InForce(Ruleset touched)
    {
        var rules = new Ruleset();
        _parts.CopyWinners(touched.Parts.Keys, rules.Parts);
        _elements.CopyWinners(touched.Elements.Keys, rules.Elements);
        _flows.CopyWinners(touched.Flows.Keys, rules.Flows);
        return rules;
    }

    private static void Copy(Ruleset? from, Ruleset to)
    {
        Copy(from?.Parts, to.Parts);
        Copy(from?.Elements, to.Elements);
        Copy(from?.Flows, to.Flows);
    }

    private static void Copy<TKey>(Dictionary<TKey, string>? from, Dictionary<TKey, string> to)
        where TKey : notnull
    {
        foreach (var (key, value) in from ?? [])
        {
            to[key] = value;
        }
    }
}

/// <summary>Values that owners claim for keys: the first owner by name wins. Nearly all keys have one owner, and cost
/// no more than that.</summary>
internal sealed class Claims<TKey>
    where TKey : notnull
{
    private readonly Dictionary<TKey, (string Owner, string Value)> _single = [];
    private readonly Dictionary<TKey, SortedDictionary<string, string>> _several = [];

    public void Add(string owner, IEnumerable<KeyValuePair<TKey, string>> values)
    {
        foreach (var (key, value) in values)
        {
            if (_several.TryGetValue(key, out var claims))
            {
                claims[owner] = value;
            }
            else if (!_single.TryAdd(key, (owner, value)))
            {
                _single.Remove(key, out var other);
                _several[key] = new SortedDictionary<string,
                    string>(StringComparer.Ordinal) { [other.Owner] = other.Value, [owner] = value };
            }
        }
    }

    public void Remove(string owner, IEnumerable<TKey> keys)
    {
        foreach (var key in keys)
        {
            if (!_several.TryGetValue(key, out var claims))
            {
                _single.Remove(key);
                continue;
            }

            claims.Remove(owner);
            if (claims.Count == 1)
            {
                _several.Remove(key);
                _single[key] = (claims.First().Key, claims.First().Value);
            }
        }
    }

    public string? Winner(TKey key) =>
        _single.TryGetValue(key, out var single) ? single.Value : _several.TryGetValue(key, out var claims)
            ? claims.First().Value : null;

    public void CopyWinners(IEnumerable<TKey> keys, Dictionary<TKey, string> to)
    {
        foreach (var key in keys)
        {
            if (Winner(key) is { } value)
            {
                to[key] = value;
            }
        }
    }
}
