using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>What OpenAPI publishes about a field beyond what its model and <see cref="FieldFacts"/> tell.</summary>
/// <param name="Name">Name in JSON.</param>
public sealed record PropertyFacts(string Name)
{
    public bool IsRequired { get; init; }

    /// <summary><c>atomic</c>, <c>set</c> or <c>map</c>; null when it is not a list or nothing was declared.</summary>
    public string? ListType { get; init; }

    /// <summary>The fields that tell elements of a list of kind <c>map</c> apart.</summary>
    public IReadOnlyList<string> ListKeys { get; init; } = [];

    /// <summary><c>atomic</c> or <c>granular</c>; null when nothing was declared.</summary>
    public string? MapType { get; init; }

    /// <summary>A strategic merge patch replaces it, and upstream says so.</summary>
    public bool IsReplaced { get; init; }

    /// <summary>
    /// The type where the model cannot tell it: the name of a definition or a scalar, after <c>[]</c> for a list or
    /// <c>{}</c> for a map of it.
    /// </summary>
    public string? Type { get; init; }
}

/// <summary>What OpenAPI publishes about one definition beyond what its model class tells.</summary>
/// <param name="Name">For example <c>io.k8s.api.core.v1.Pod</c>.</param>
/// <param name="Model">Name of the model class; null when the client has none.</param>
public sealed record DefinitionFacts(string Name, string? Model)
{
    /// <summary>The group of a kind, empty for the core group; null for what is not a kind.</summary>
    public string? Group { get; init; }

    /// <summary>A kind of every group, such as DeleteOptions.</summary>
    public bool IsInAllGroups { get; init; }

    /// <summary>
    /// Type and format of what is written as a scalar or as anything, for example <c>string/date-time</c>; null for
    /// structs.
    /// </summary>
    public string? Scalar { get; init; }

    /// <summary>Server-side apply takes the struct as one value.</summary>
    public bool IsAtomic { get; init; }

    /// <summary>
    /// The fields of which only one may be set, after the field that says which; null when it is not a union.
    /// </summary>
    public (string Discriminator, IReadOnlyList<string> Fields)? Union { get; init; }

    /// <summary>Fields about which there is something to say; the required ones first.</summary>
    public IReadOnlyList<PropertyFacts> Properties { get; init; } = [];

    /// <summary>Version of a kind.</summary>
    public string Version => Name.Split('.')[^2];

    /// <summary>Name without its package.</summary>
    public string ShortName => Name[(Name.LastIndexOf('.') + 1)..];
}

/// <summary>
/// Reads the table of facts for OpenAPI. Nothing of it is kept here: documents are made once and then served as they
/// are.
/// </summary>
public static class DefinitionTable
{
    private const string Name = "openapi-facts.txt";

    /// <summary>All definitions, by name.</summary>
    public static IEnumerable<DefinitionFacts> Read() =>
        SchemaText.Lines(Name).Where(l => l[0] != '*').Select(l => Parse(l.Split(' ')));

    /// <summary>Every group and version in which upstream registers the kinds of meta.</summary>
    public static IReadOnlyList<string> ReadGroupVersions() =>
        SchemaText.Lines(Name).First(l => l[0] == '*').Split(' ')[1..];

    private static DefinitionFacts Parse(string[] words)
    {
        var definition = new DefinitionFacts(words[0], words[1] == "-" ? null : words[1]);
        var properties = new List<PropertyFacts>();
        foreach (var word in words.Skip(2))
        {
            switch (word[0])
            {
                case '@' when word == "@*":
                    definition = definition with { IsInAllGroups = true };
                    break;
                case '@':
                    definition = definition with { Group = word[1..] };
                    break;
                case '=':
                    definition = definition with { Scalar = word[1..] };
                    break;
                case '~':
                    definition = definition with { IsAtomic = true };
                    break;
                case '|':
                    var parts = word[1..].Split(':');
                    definition = definition with { Union = (parts[0], parts[1].Split(',')) };
                    break;
                default:
                    properties.Add(ParseProperty(word));
                    break;
            }
        }

        return definition with { Properties = properties };
    }

    private static PropertyFacts ParseProperty(string word)
    {
        var colon = word.IndexOf(':', StringComparison.Ordinal);
        Invariant.Check(colon > 0, "a field is NAME:MARKS");
        var (head, type) = Cut(word[(colon + 1)..], '!');
        var (marks, keys) = Cut(head, '=');
        return new PropertyFacts(word[..colon])
        {
            IsRequired = Has('r'),
            ListType = Has('a') ? "atomic" : Has('s') ? "set" : Has('m') ? "map" : null,
            ListKeys = keys?.Split(',') ?? [],
            MapType = Has('f') ? "atomic" : Has('g') ? "granular" : null,
            IsReplaced = Has('x'),
            Type = type,
        };

        bool Has(char mark) => marks.Contains(mark, StringComparison.Ordinal);
    }

    private static (string Head, string? Tail) Cut(string text, char separator)
    {
        var at = text.IndexOf(separator, StringComparison.Ordinal);
        return at < 0 ? (text, null) : (text[..at], text[(at + 1)..]);
    }
}
