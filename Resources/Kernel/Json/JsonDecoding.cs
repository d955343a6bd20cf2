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

    private const int ElementsBetweenLooks = 256;

    /// <summary>Upstream reports no more strict findings than this.</summary>
    private const int MaxFindings = 100;

    private Step[] _path = new Step[16];
    private int _depth;
    private int _elements;
    private List<string>? _findings;

    /// <summary>
    /// What is decoded, when it outlives what it is decoded into: parts that nobody looks at are then kept as they
    /// stand there instead of being copied.
    /// </summary>
    public ReadOnlyMemory<byte> Source { get; init; }

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

    internal void WrongType(ref Utf8JsonReader reader, string goType)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return;
        }

        WrongType(Describe(reader.TokenType), goType);
        reader.Skip();
    }

    internal void Unknown(string field) => Find("unknown field", field);

    internal void Duplicate(string field) => Find("duplicate field", field);

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
        if (Findings.Count < MaxFindings)
        {
            Find($"{what} {GoText.Quote(StrictPath(field))}");
        }
    }

    private void Find(string finding)
    {
        _findings ??= [];
        if (_findings.Count < MaxFindings)
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
