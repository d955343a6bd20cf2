using System.Text;
using System.Text.Json;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>
/// State of one decoding: where it is, the first type error (decoding goes on after it, as in Go), and the strict
/// findings (unknown and duplicate fields) in order.
/// </summary>
/// <param name="cancellationToken">Ends a decoding whose client has gone.</param>
public sealed class JsonDecoding(CancellationToken cancellationToken = default)
{
    /// <summary>
    /// Elements of lists and maps in one object. Three megabytes of <c>{},</c> are a million containers, each of which
    /// takes a kilobyte once it has its defaults; an object that may be stored comes nowhere near.
    /// </summary>
    public const int MaxElements = 250_000;

    /// <summary>Nesting that is accepted; upstream's bound is larger, but nothing real comes near.</summary>
    internal const int MaxDepth = 500;

    private const int ElementsBetweenLooks = 256;

    private const string UnknownField = "unknown field";

    /// <summary>Upstream reports no more strict findings than this, each once.</summary>
    private const int MaxFindings = 100;

    /// <summary>So many are looked at: each has a path, and one that repeats could be as long as the body.</summary>
    private const int MaxFound = 3 * MaxFindings;

    private Step[] _path = new Step[16];
    private int _depth;
    private int _elements;
    private int _found;
    private List<string>? _findings;

    /// <summary>
    /// What is decoded, when it outlives what it is decoded into: parts that nobody looks at are then kept as they
    /// stand there instead of being copied.
    /// </summary>
    public ReadOnlyMemory<byte> Source { get; init; }

    /// <summary>
    /// Whether numbers are read and errors told as by Go's converter of maps, which reads what a strategic merge makes,
    /// and not as by its JSON decoder.
    /// </summary>
    public bool Converts { get; init; }

    /// <summary>The first error in Go's words; null while all is well.</summary>
    public string? Error { get; private set; }

    /// <summary>An error in <c>kind</c> or <c>apiVersion</c> itself, which upstream sees before all others.</summary>
    public string? TypeMetaError { get; private set; }

    /// <summary>Strict findings such as <c>unknown field "spec.foo"</c>.</summary>
    public IReadOnlyList<string> Findings => _findings ?? (IReadOnlyList<string>)[];

    internal void PushField(string structName, string field) => Push(new Step(structName, field, -1));

    internal void PushKey(string key)
    {
        CountElement();
        Push(new Step(null, key, -1));
    }

    internal void PushIndex(int index)
    {
        CountElement();
        Push(new Step(null, null, index));
    }

    internal void Pop() => _depth--;

    /// <summary>Records an error that is not about a JSON type.</summary>
    internal void Fail(string message) => Error ??= message;

    /// <summary>Records a JSON value of the wrong type, with Go's description of where it is.</summary>
    internal void WrongType(string value, string goType)
    {
        if (_depth == 1 && _path[0].Name is "kind" or "apiVersion")
        {
            TypeMetaError ??= $"json: cannot unmarshal {value} into Go struct field .{_path[0].Name} of type {goType}";
        }

        Error ??= $"json: cannot unmarshal {value} into Go {Place()} of type {goType}";
    }

    /// <summary>The same for the value at which a reader stands, which is skipped.</summary>
    /// <param name="reader">The reader.</param>
    /// <param name="goType">The type by its name.</param>
    /// <param name="plainType">What a named type is underneath; null for a type without a name.</param>
    internal void WrongType(ref Utf8JsonReader reader, string goType, string? plainType = null)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return;
        }

        if (Converts)
        {
            Error ??= Inconvertible(Kind(ref reader), goType, plainType ?? goType);
        }
        else
        {
            WrongType(Describe(reader.TokenType), goType);
        }

        reader.Skip();
    }

    /// <summary>Records a number that is none of its type.</summary>
    internal void WrongNumber(ref Utf8JsonReader reader, string goType)
    {
        if (Converts)
        {
            Error ??= $"cannot convert {Kind(ref reader)} to {goType}";
        }
        else
        {
            WrongType($"number {Encoding.UTF8.GetString(reader.ValueSpan)}", goType);
        }
    }

    /// <summary>
    /// Reads a number with a fraction or an exponent that is an integer all the same, as 3.0 and 1e2 are: Go's
    /// converter of maps takes it for one, and Go's JSON decoder does not.
    /// </summary>
    internal bool TryConvertWhole(ref Utf8JsonReader reader, out double whole)
    {
        whole = 0;
        return Converts && reader.TryGetDouble(out whole) && whole == Math.Truncate(whole);
    }

    internal void Unknown(string field) => Find(UnknownField, field);

    internal void Duplicate(string field) => Find("duplicate field", field);

    /// <summary>Puts unknown fields last, for which upstream looks in custom objects after it has read them.</summary>
    internal void UnknownLast()
    {
        if (_findings is { Count: > 1 })
        {
            _findings = [.. _findings.OrderBy(static f => f.StartsWith(UnknownField, StringComparison.Ordinal))];
        }
    }

    /// <summary>Takes over the strict findings on a part that was decoded by itself.</summary>
    internal void TakeFindings(JsonDecoding part)
    {
        foreach (var finding in part.Findings)
        {
            Find(finding);
        }
    }

    public static string Describe(JsonTokenType token) => token switch
    {
        JsonTokenType.StartArray => "array",
        JsonTokenType.StartObject => "object",
        JsonTokenType.String => "string",
        JsonTokenType.Number => "number",
        _ => "bool",
    };

    private static string Inconvertible(string kind, string goType, string plainType) => plainType switch
    {
        "string" when kind == "int64" => $"cannot convert int64 to {goType}",
        "string" or "bool" or "int32" or "int64" or "float64" => $"unrecognized type: {plainType}",
        ['[', ..] => $"cannot restore slice from {kind}",
        ['m', 'a', 'p', '[', ..] => $"cannot restore map from {kind}",
        _ => $"cannot restore struct from: {kind}",
    };

    /// <summary>What Go's maps have a value as.</summary>
    private static string Kind(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.StartArray => "slice",
        JsonTokenType.StartObject => "map",
        JsonTokenType.Number => reader.TryGetInt64(out _) ? "int64" : "float64",
        var other => Describe(other),
    };

    private void CountElement()
    {
        if (++_elements % ElementsBetweenLooks != 0)
        {
            return;
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (_elements > MaxElements)
        {
            throw new StatusException(StatusErrors.RequestEntityTooLarge($"limit is {MaxElements} elements"));
        }
    }

    private void Push(Step step)
    {
        if (_depth == _path.Length)
        {
            Array.Resize(ref _path, _depth * 2);
        }

        _path[_depth++] = step;
    }

    private void Find(string what, string field)
    {
        if (_found < MaxFound)
        {
            Find($"{what} {GoText.Quote(StrictPath(field))}");
        }
    }

    private void Find(string finding)
    {
        _found++;
        _findings ??= [];
        if (_findings.Count < MaxFindings && !_findings.Contains(finding))
        {
            _findings.Add(finding);
        }
    }

    /// <summary>Path with indexes and keys: <c>spec.containers[0].bogus</c>.</summary>
    private string StrictPath(string field)
    {
        var text = new StringBuilder();
        for (var i = 0; i < _depth; i++)
        {
            var step = _path[i];
            if (step.Name is null)
            {
                text.Append('[').Append(step.Index).Append(']');
            }
            else
            {
                text.Append(text.Length == 0 ? "" : ".").Append(step.Name);
            }
        }

        return text.Append(text.Length == 0 ? "" : ".").Append(field).ToString();
    }

    /// <summary>Path of struct fields alone, after the name of the innermost struct: Go's error context.</summary>
    private string Place()
    {
        string? owner = null;
        var text = new StringBuilder();
        for (var i = 0; i < _depth; i++)
        {
            if (_path[i].Struct is { } name)
            {
                owner = name;
                text.Append('.').Append(_path[i].Name);
            }
        }

        return owner is null ? "value" : $"struct field {owner}{text}";
    }

    private readonly record struct Step(string? Struct, string? Name, int Index);
}
