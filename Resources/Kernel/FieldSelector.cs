using System.Text;
using System.Text.Json;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>A parsed field selector, bound to the fields of one kind: all terms must hold.</summary>
public sealed class FieldSelector
{
    /// <summary>Selects every object.</summary>
    public static readonly FieldSelector Everything = new([]);

    private readonly FieldTerm[] _terms;

    private FieldSelector(FieldTerm[] terms) => _terms = terms;

    /// <summary>Sorted by text, as upstream evaluates them.</summary>
    public IReadOnlyList<FieldTerm> Terms => _terms;

    public bool IsEverything => _terms.Length == 0;

    /// <summary>Parses <c>a=b,c!=d</c>; the refusal is upstream's 400.</summary>
    public static Outcome<FieldSelector> Parse(string? text, ResourceDefinition definition)
    {
        if (string.IsNullOrEmpty(text))
        {
            return Everything;
        }

        try
        {
            FieldTerm[] terms =
                [.. ReadAll(text).Select(r => new FieldTerm(FindField(r.Label, definition), r.Value, r.Negated))];
            return terms.Length == 0 ? Everything : new FieldSelector(terms);
        }
        catch (SelectorFormatException refusal)
        {
            return StatusErrors.BadRequest(refusal.Message);
        }
    }

    /// <summary>A value as a selector says it.</summary>
    public static string Escape(string value) => value
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace(",", "\\,", StringComparison.Ordinal)
        .Replace("=", "\\=", StringComparison.Ordinal);

    /// <summary>The terms of a selector of any kind, sorted by text; none when it cannot be read.</summary>
    public static IReadOnlyList<FieldRequirement> ReadTerms(string? text) => TryRead(text) ?? [];

    /// <summary>True for a selector that can be read, whatever kind its fields are of.</summary>
    public static bool IsReadable(string? text) => TryRead(text) is not null;

    /// <summary>The refusal of a selector that cannot be read, whatever kind its fields are of.</summary>
    public static Status? FindError(string text)
    {
        try
        {
            ReadAll(text);
            return null;
        }
        catch (SelectorFormatException refusal)
        {
            return StatusErrors.BadRequest(refusal.Message);
        }
    }

    /// <summary>
    /// The value that <c>field=value</c> demands, when the selector has such a term: what an index can answer.
    /// </summary>
    public string? RequiredValue(string label) =>
        _terms.FirstOrDefault(t => !t.Negated && t.Field.Label == label)?.Value;

    /// <summary>True when the committed object satisfies every term; fields are read straight from its bytes.</summary>
    public bool Matches(ResourceObject item)
    {
        foreach (var term in _terms)
        {
            if (!term.Matches(item))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>True when the values, looked up by field label, satisfy every term.</summary>
    public bool Matches(Func<string, string> valueOf) =>
        Array.TrueForAll(
            _terms, t => string.Equals(valueOf(t.Field.Label), t.Value, StringComparison.Ordinal) != t.Negated);

    private static List<string> SplitTerms(string text)
    {
        var terms = new List<string>();
        var start = 0;
        var escaped = false;
        for (var i = 0; i < text.Length; i++)
        {
            if (escaped)
            {
                escaped = false;
            }
            else if (text[i] == '\\')
            {
                escaped = true;
            }
            else if (text[i] == ',')
            {
                terms.Add(text[start..i]);
                start = i + 1;
            }
        }

        terms.Add(text[start..]);
        return terms;
    }

    private static List<FieldRequirement>? TryRead(string? text)
    {
        try
        {
            return string.IsNullOrEmpty(text) ? [] : ReadAll(text);
        }
        catch (SelectorFormatException)
        {
            return null;
        }
    }

    private static List<FieldRequirement> ReadAll(string text)
    {
        var parts = SplitTerms(text);
        parts.Sort(StringComparer.Ordinal);
        return
        [
            .. parts.Where(p => p.Length != 0).Select(p => ReadTerm(text, p))
                .Where(t => t is not { Label: "", Value: "" }),
        ];
    }

    private static FieldRequirement ReadTerm(string selector, string term)
    {
        var at = term.IndexOf('=', StringComparison.Ordinal);
        if (at < 0)
        {
            throw new SelectorFormatException($"invalid selector: '{selector}'; can't understand '{term}'");
        }

        var negated = at > 0 && term[at - 1] == '!';
        var doubled = !negated && at + 1 < term.Length && term[at + 1] == '=';
        var label = term[..(negated ? at - 1 : at)];
        var value = Unescape(term[(doubled ? at + 2 : at + 1)..]);
        return new FieldRequirement(label, value, negated);
    }

    private static SelectableField FindField(string label, ResourceDefinition definition)
    {
        var fields = definition.Strategy.SelectableFields;
        foreach (var field in fields)
        {
            if (field.Label == label)
            {
                return field;
            }
        }

        // Kinds with a conversion of their own know metadata.namespace only when they have one.
        if (label == "metadata.name" || (label == "metadata.namespace" && (definition.Namespaced || fields.Count == 0)))
        {
            return new SelectableField(label);
        }

        throw new SelectorFormatException(definition.Strategy.UnknownFieldText(label) ?? (fields.Count == 0
            ? $"{GoText.Quote(label)} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
            : $"field label not supported: {label}"));
    }

    private static string Unescape(string text)
    {
        if (text.AsSpan().IndexOfAny('\\', ',', '=') < 0)
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '\\' when i + 1 < text.Length && text[i + 1] is '\\' or ',' or '=':
                    result.Append(text[++i]);
                    break;
                case '\\':
                    throw new SelectorFormatException(
                        $"invalid field selector: invalid escape sequence: {text.AsSpan(i, Math.Min(2, text.Length - i))}");
                case ',' or '=':
                    throw new SelectorFormatException(
                        $"invalid field selector: unescaped character in value: {(int)text[i]}");
                default:
                    result.Append(text[i]);
                    break;
            }
        }

        return result.ToString();
    }
}

/// <summary>One comparison as it is written: <c>label=value</c>, or <c>label!=value</c> when negated.</summary>
public readonly record struct FieldRequirement(string Label, string Value, bool Negated);

/// <summary>One comparison of a field selector.</summary>
public sealed class FieldTerm
{
    private readonly byte[][][] _paths;

    internal FieldTerm(SelectableField field, string value, bool negated)
    {
        Field = field;
        Value = value;
        Negated = negated;
        _paths = SelectableFieldReader.Compile(field);
    }

    public SelectableField Field { get; }

    public string Value { get; }

    public bool Negated { get; }

    internal bool Matches(ResourceObject item)
    {
        var actual = Field.Label switch
        {
            "metadata.name" => item.Key.Name,
            "metadata.namespace" => item.Key.Namespace,
            _ => SelectableFieldReader.Read(item.Json.Span, _paths) ?? Field.Default,
        };
        return string.Equals(actual, Value, StringComparison.Ordinal) != Negated;
    }
}

/// <summary>Reads one scalar out of JSON bytes without decoding the rest.</summary>
public static class SelectableFieldReader
{
    /// <summary>The value of a field of an object, its default when absent.</summary>
    public static string Read(ResourceObject item, SelectableField field) => field.Label switch
    {
        "metadata.name" => item.Key.Name,
        "metadata.namespace" => item.Key.Namespace,
        _ => Read(item.Json.Span, Compile(field)) ?? field.Default,
    };

    internal static byte[][][] Compile(SelectableField field) =>
    [
        .. (field.Path ?? field.Label).Split('|').Select(p => p.Split('.').Select(Encoding.UTF8.GetBytes).ToArray()),
    ];

    internal static string? Read(ReadOnlySpan<byte> json, byte[][][] paths)
    {
        foreach (var path in paths)
        {
            if (Read(json, path) is { Length: > 0 } value)
            {
                return value;
            }
        }

        return null;
    }

    private static string? Read(ReadOnlySpan<byte> json, byte[][] path)
    {
        var reader = new Utf8JsonReader(json, CommittedJson.ReaderOptions);
        reader.Read();
        return CommittedJson.Find(ref reader, path) ? Scalar(ref reader) : null;
    }

    private static string? Scalar(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String => reader.GetString(),
        JsonTokenType.True => "true",
        JsonTokenType.False => "false",
        JsonTokenType.Number => Encoding.UTF8.GetString(reader.ValueSpan),
        _ => null,
    };
}
