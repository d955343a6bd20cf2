using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace OrleansOrchestrator.NodeAgent.Nftables;

/// <summary>What one of our tables holds whatever is wanted of it.</summary>
public sealed partial class TableLayout
{
    private readonly FrozenSet<Part> _parts;

    /// <param name="family">Family of the table.</param>
    /// <param name="name">Name of the table.</param>
    /// <param name="text">Hooks, and the empty maps and sets that they look into, each beginning a line.</param>
    /// <param name="called">A chain that the hooks call: the kernel finds it busy as long as they do.</param>
    /// <param name="made">How the other parts are made: what changes it makes another table.</param>
    public TableLayout(IpFamily family, string name, string text, string called, string made)
    {
        Family = family;
        Name = name;
        Text = text;
        Called = called;
        Marker = new Part(PartKind.Chain, $"made-by-{Part.Hash($"{text}\n{made}", 8)}");
        _parts = Beginnings().Matches(text)
            .Select(static m => new Part(Enum.Parse<PartKind>(m.Groups[1].Value, ignoreCase: true), m.Groups[2].Value))
            .Append(Marker).ToFrozenSet();
    }

    public IpFamily Family { get; }

    public string Name { get; }

    public string Text { get; }

    public string Called { get; }

    /// <summary>An empty chain that tells with which rules the table was made: one of others is not taken over.
    /// </summary>
    public Part Marker { get; }

    /// <summary>Whether a part is there whatever is wanted.</summary>
    public bool Has(Part part) => _parts.Contains(part);

    [GeneratedRegex(@"^\s*(set|map|chain) (\S+) \{", RegexOptions.CultureInvariant | RegexOptions.Multiline)]
    private static partial Regex Beginnings();
}
