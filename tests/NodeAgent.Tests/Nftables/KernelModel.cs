using System.Text.RegularExpressions;
using OrleansOrchestrator.NodeAgent.Nftables;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Nftables;

/// <summary>
/// What the kernel does with the commands that a difference is made of, and what it refuses: names that are not there,
/// what is there twice, and the removal of what something still refers to.
/// </summary>
internal sealed partial class KernelModel(TableLayout layout)
{
    private readonly SortedDictionary<string, List<string>> _chains = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _sets = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _maps = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _elements = new(StringComparer.Ordinal);

    public void Run(string transaction)
    {
        foreach (var line in transaction.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var match = Command().Match(line);
            Assert.True(match.Success, line);
            Run(match.Groups["verb"].Value, match.Groups["name"].Value, match.Groups["rest"].Value);
        }
    }

    /// <summary>Everything in a fixed order: equal texts are equal kernels.</summary>
    public string Dump() => string.Join('\n', [
        .. _sets.Select(s => $"set {s.Key} {s.Value}"),
        .. _maps.Select(m => $"map {m.Key} {m.Value}"),
        .. _chains.Select(c => $"chain {c.Key} {string.Join(" ; ", c.Value)}"),
        .. _elements.Select(e => $"element {e.Key} = {e.Value}"),
    ]);

    private void Run(string verb, string name, string rest)
    {
        switch (verb)
        {
            case "add set":
                Assert.True(_sets.TryAdd(name, rest), $"set {name} is there");
                break;
            case "delete set":
                Assert.DoesNotContain(_chains.Values.SelectMany(c => c), r => Refers(r, "@" + name));
                Assert.True(_sets.Remove(name), $"no set {name}");
                break;
            case "add map":
                Assert.True(_maps.TryAdd(name, rest), $"map {name} is there");
                break;
            case "delete map":
                Assert.DoesNotContain(_chains.Values.SelectMany(c => c), r => Refers(r, "@" + name));
                Assert.DoesNotContain(_elements.Keys, e => e.StartsWith($"{name} ", StringComparison.Ordinal));
                Assert.True(_maps.Remove(name), $"no map {name}");
                break;
            case "add chain":
                Assert.True(_chains.TryAdd(name, []), $"chain {name} is there");
                break;
            case "flush chain":
                Assert.True(_chains.ContainsKey(name), $"no chain {name}");
                _chains[name] = [];
                break;
            case "delete chain":
                Assert.DoesNotContain(_chains.Where(c => c.Key != name).SelectMany(c => c.Value), r => Refers(r, name));
                Assert.DoesNotContain(_elements.Values, v => v == $"goto {name}" || v == $"jump {name}");
                Assert.True(_chains.Remove(name), $"no chain {name}");
                break;
            case "add rule":
                Assert.All(Chains().Matches(rest), m => Assert.True(HasChain(m.Groups[1].Value), rest));
                Assert.All(Sets().Matches(rest), m => Assert.True(HasSet(m.Groups[1].Value), rest));
                _chains[name].Add(rest);
                break;
            default:
                RunElements(verb, name, rest);
                break;
        }
    }

    private void RunElements(string verb, string name, string rest)
    {
        Assert.True(HasSet(name), $"no set or map {name}");
        foreach (var element in rest.Trim('{', '}', ' ').Split(", "))
        {
            var parts = element.Split(" : ");
            var (key, value) = ($"{name} {parts[0]}", parts.Length > 1 ? parts[1] : "");
            if (verb == "add element")
            {
                Assert.True(_elements.TryAdd(key, value), $"element {key} is there");
                Assert.All(Chains().Matches(value), m => Assert.True(HasChain(m.Groups[1].Value), value));
            }
            else
            {
                Assert.True(_elements.Remove(key, out var old) && old == value, $"no element {key} : {value}");
            }
        }
    }

    private bool HasChain(string name) => _chains.ContainsKey(name) || layout.Has(new Part(PartKind.Chain, name));

    private bool HasSet(string name) => _sets.ContainsKey(name) || _maps.ContainsKey(name)
        || layout.Has(new Part(PartKind.Set, name)) || layout.Has(new Part(PartKind.Map, name));

    private static bool Refers(string rule, string name) => rule.Split(' ', ',', '}').Contains(name);

    [GeneratedRegex(
        @"^(?<verb>(?:add|delete|flush) (?:set|map|chain|rule|element)) ip6? \S+ (?<name>\S+) ?(?<rest>.*)$",
        RegexOptions.CultureInvariant)]
    private static partial Regex Command();

    [GeneratedRegex(@"(?:goto|jump) ([^\s,}]+)", RegexOptions.CultureInvariant)]
    private static partial Regex Chains();

    [GeneratedRegex(@"@([^\s,}]+)", RegexOptions.CultureInvariant)]
    private static partial Regex Sets();
}
