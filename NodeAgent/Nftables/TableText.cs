using System.Globalization;
using System.Text;

namespace OrleansOrchestrator.NodeAgent.Nftables;

/// <summary>
/// Turns rule sets into nft transactions: the whole table, or only what differs. No rule is ever changed or replaced: a
/// packet on its way through the rules of one generation looks into maps of the next once a transaction is through, and
/// the maps inside of a replaced rule are empty by then. One in 40,000 packets passed untranslated when rules were
/// replaced under load; its connection is lost.
/// </summary>
public sealed class TableText(TableLayout layout)
{
    /// <summary>As every statement names it: with its family.</summary>
    private readonly string _table = $"{layout.Family.Word} {layout.Name}";

    /// <summary>
    /// One transaction that replaces whatever the kernel holds, and forgets what the kernel had learned.
    /// </summary>
    public string Full(Ruleset rules) => string.Create(CultureInfo.InvariantCulture, $$"""
        {{Removal()}}table {{_table}} {
        {{layout.Text}}
        chain {{layout.Marker.Name}} { }
        }
        {{Change(new Ruleset(), rules, rules.Parts, [])}}
        """);

    /// <summary>One transaction that removes the table, whether it is there or not.</summary>
    public string Removal() => $"add table {_table}\ndelete table {_table}\n";

    /// <summary>
    /// One transaction from one state to another; empty when there is nothing to do. Things are made before what refers
    /// to them, and removed after.
    /// </summary>
    /// <param name="from">Elements as they are.</param>
    /// <param name="to">Elements as they are to be.</param>
    /// <param name="missing">Parts that the kernel does not have yet.</param>
    /// <param name="idle">Parts that nothing refers to any more.</param>
    public string Change(Ruleset from, Ruleset to, IReadOnlyCollection<KeyValuePair<Part, string>> missing,
        IReadOnlyCollection<Part> idle)
    {
        var text = new StringBuilder();
        foreach (var (part, definition) in missing.Where(m => m.Key.Kind != PartKind.Chain))
        {
            text.Append(
                CultureInfo.InvariantCulture, $"add {KindOf(part)} {_table} {part.Name} {{ {definition} }}\n");
        }

        foreach (var (part, _) in missing.Where(m => m.Key.Kind == PartKind.Chain))
        {
            text.Append(CultureInfo.InvariantCulture, $"add chain {_table} {part.Name}\n");
        }

        foreach (var (part, body) in missing.Where(m => m.Key.Kind == PartKind.Chain))
        {
            foreach (var rule in body.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                text.Append(CultureInfo.InvariantCulture, $"add rule {_table} {part.Name} {rule}\n");
            }
        }

        AppendElements(text, "delete", from, to);
        AppendElements(text, "add", to, from);
        AppendRemovals(text, idle);
        return text.ToString();
    }

    private static string KindOf(Part part) => part.Kind switch
    {
        PartKind.Set => "set",
        PartKind.Map => "map",
        _ => "chain",
    };

    // Those that the other side does not have, or has with another value.
    private void AppendElements(StringBuilder text, string verb, Ruleset these, Ruleset others)
    {
        foreach (var group in these.Elements
            .Where(e => others.Elements.GetValueOrDefault(e.Key) != e.Value)
            .GroupBy(e => e.Key.Set, StringComparer.Ordinal))
        {
            var elements = group.Select(e => e.Value.Length == 0 ? e.Key.Key : $"{e.Key.Key} : {e.Value}");
            var all = string.Join(", ", elements);
            text.Append(CultureInfo.InvariantCulture, $"{verb} element {_table} {group.Key} {{ {all} }}\n");
        }
    }

    // Chains that call others go first: the kernel refuses to delete what is still called.
    private void AppendRemovals(StringBuilder text, IReadOnlyCollection<Part> idle)
    {
        foreach (var chain in idle.Where(p => p.Kind == PartKind.Chain))
        {
            text.Append(CultureInfo.InvariantCulture, $"flush chain {_table} {chain.Name}\n");
        }

        foreach (var part in idle.OrderByDescending(p => p.Kind))
        {
            text.Append(CultureInfo.InvariantCulture, $"delete {KindOf(part)} {_table} {part.Name}\n");
        }
    }
}
