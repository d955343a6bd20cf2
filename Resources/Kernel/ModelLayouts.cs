using System.Collections.Frozen;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// The data table <c>layouts.txt</c>: the fields of upstream's internal types in their order, for messages that show a
/// value whole and for comparisons in which absent and zero are the same.
/// </summary>
internal static class ModelLayouts
{
    private static readonly FrozenDictionary<string, string[]> Fields =
        SchemaText.Lines("layouts.txt").Select(l => l.Split(' ')).ToFrozenDictionary(
            w => w[0], w => w[1..], StringComparer.Ordinal);

    public static IEnumerable<LayoutEntry> Find(Type type) =>
        Fields.TryGetValue(type.Name, out var fields) ? fields.Select(Parse) : [];

    private static LayoutEntry Parse(string token)
    {
        var marks = token.TrimEnd('*', '!');
        var parts = marks.Split('=');
        return new LayoutEntry(
            parts[0], parts[^1], token.Contains('*', StringComparison.Ordinal), token.Contains('!', StringComparison.Ordinal));
    }
}
