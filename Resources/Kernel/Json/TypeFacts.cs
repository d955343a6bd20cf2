using System.Collections.Frozen;

namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>When a field is written.</summary>
public enum FieldPresence
{
    /// <summary>Always; its zero value when the model has none.</summary>
    Always,

    /// <summary>Always; <c>null</c> when the model has none.</summary>
    AlwaysNullable,

    /// <summary>Not when it is zero or empty.</summary>
    OmitZero,

    /// <summary>Not when it is absent; a zero that was given stays.</summary>
    Pointer,
}

/// <summary>What upstream declares about one field beyond its type.</summary>
/// <param name="Name">Name in JSON.</param>
/// <param name="Presence">When it is written.</param>
/// <param name="HasMicroseconds">A time with six decimals.</param>
/// <param name="Merges">A strategic merge patch merges this list.</param>
/// <param name="RetainsKeys">A strategic merge patch may say <c>$retainKeys</c> here.</param>
/// <param name="MergeKey">The key by which list elements are matched; null for lists of scalars.</param>
/// <param name="GoType">Go's name of the type in error messages, when it is a named one.</param>
public sealed record FieldFacts(
    string Name, FieldPresence Presence, bool HasMicroseconds, bool Merges, bool RetainsKeys, string? MergeKey, string? GoType);

/// <summary>What upstream declares about one type.</summary>
/// <param name="Model">Name of the model class.</param>
/// <param name="GoName">Name of the Go struct.</param>
/// <param name="GoPackage">Its package, for example <c>v1</c>.</param>
/// <param name="Fields">In the order in which they are written.</param>
public sealed record TypeFacts(string Model, string GoName, string GoPackage, IReadOnlyList<FieldFacts> Fields)
{
    private static readonly Lazy<FrozenDictionary<string, TypeFacts>> Table = new(Load);

    /// <summary>Facts of a model class; null when the table has none.</summary>
    public static TypeFacts? Find(Type model) => Table.Value.GetValueOrDefault(model.Name);

    private static FrozenDictionary<string, TypeFacts> Load() =>
        SchemaText.Lines("types.txt").Select(ParseType).ToFrozenDictionary(t => t.Model, StringComparer.Ordinal);

    private static TypeFacts ParseType(string line)
    {
        var words = line.Split(' ');
        return new TypeFacts(words[0], words[1], words[2], [.. words.Skip(3).Select(ParseField)]);
    }

    private static FieldFacts ParseField(string word)
    {
        var (rest, goType) = Cut(word, '!');
        var (head, mergeKey) = Cut(rest, '=');
        var (name, flags) = Cut(head, ':');
        var presence = flags![0] switch
        {
            'a' => FieldPresence.Always,
            'n' => FieldPresence.AlwaysNullable,
            'o' => FieldPresence.OmitZero,
            _ => FieldPresence.Pointer,
        };
        return new FieldFacts(
            name, presence, flags.Contains('u', StringComparison.Ordinal), flags.Contains(
                'm', StringComparison.Ordinal),
            flags.Contains('r', StringComparison.Ordinal), mergeKey, goType);
    }

    private static (string Head, string? Tail) Cut(string text, char separator)
    {
        var at = text.IndexOf(separator, StringComparison.Ordinal);
        return at < 0 ? (text, null) : (text[..at], text[(at + 1)..]);
    }
}

/// <summary>Reads the data tables beside the code.</summary>
internal static class SchemaText
{
    public static IEnumerable<string> Lines(string name)
    {
        using var stream = typeof(SchemaText).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The data table {name} is not embedded.");
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && line[0] != '#')
            {
                yield return line;
            }
        }
    }
}

/// <summary>
/// Which kinds upstream knows, served here or not: it decides which refusal a body of the wrong kind gets.
/// </summary>
public static class KnownKinds
{
    private static readonly Lazy<FrozenDictionary<string, string[]>> Table = new(() =>
        SchemaText.Lines("kinds.txt").Select(l => l.Split(' ')).ToFrozenDictionary(w => w[0], w => w[1..], StringComparer.Ordinal));

    /// <summary>True when upstream registers the kind in that apiVersion.</summary>
    public static bool Contains(string apiVersion, string kind) =>
        Table.Value.TryGetValue(apiVersion, out var kinds) && (kinds.Contains(kind) || Table.Value["*"].Contains(kind));
}
