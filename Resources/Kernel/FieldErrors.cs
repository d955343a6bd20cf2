using System.Text;
using System.Text.Json;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>One finding of validation: apimachinery's <c>field.Error</c>.</summary>
/// <param name="Reason">The cause's reason: <c>FieldValueInvalid</c>, <c>FieldValueRequired</c> …</param>
/// <param name="Field">Path of the field.</param>
/// <param name="Message">The text after the path.</param>
public sealed record FieldError(string Reason, string Field, string Message);

/// <summary>
/// Collects findings in the order of validation, and turns them into upstream's 422. An object of a few megabytes can
/// be wrong in a million places, and one finding can quote a megabyte: what is kept, and so what is answered, is
/// bounded.
/// </summary>
/// <param name="cancellationToken">Ends a validation whose client has gone.</param>
public sealed class FieldErrors(CancellationToken cancellationToken = default)
{
    /// <summary>Findings that are kept; of further ones only the number is known.</summary>
    public const int MaxKept = 1000;

    /// <summary>What upstream says of a field that an update may not change.</summary>
    public const string IsImmutable = "field is immutable";

    /// <summary>What upstream says of amounts below zero.</summary>
    public const string NotNegative = "must be greater than or equal to 0";

    /// <summary>Characters of messages after which no further one is kept.</summary>
    public const int MaxKeptLength = 1024 * 1024;

    private readonly List<FieldError> _errors = [];
    private int _length;
    private Dictionary<string, HashSet<string>>? _textsBefore;

    /// <summary>
    /// The object before an update; null on create. Rules that have become stricter ask whether it has a value already.
    /// </summary>
    public object? Before { get; init; }

    /// <summary>The findings that are kept.</summary>
    public IReadOnlyList<FieldError> All => _errors;

    /// <summary>What is told without being held against the object: texts for Warning headers.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>How many findings there are.</summary>
    public int Count { get; private set; }

    public void Required(FieldPath path, string detail = "") =>
        Add("FieldValueRequired", path, detail.Length == 0 ? "Required value" : $"Required value: {detail}");

    public void Invalid(FieldPath path, object? value, string detail) =>
        AddValue("FieldValueInvalid", path, "Invalid value", value, detail);

    /// <summary>A text that an update may not change; none is the empty one.</summary>
    public void Immutable(FieldPath path, string? value, string? old)
    {
        if ((value ?? "") != (old ?? ""))
        {
            Invalid(path, value ?? "", IsImmutable);
        }
    }

    public void NonNegative(FieldPath path, long? value)
    {
        if (value < 0)
        {
            Invalid(path, value, NotNegative);
        }
    }

    /// <summary>A finding on several fields together, which quotes none.</summary>
    public void Invalid(FieldPath path, string detail) => Add("FieldValueInvalid", path, $"Invalid value: {detail}");

    public void TypeInvalid(FieldPath path, object? value, string detail) =>
        AddValue("FieldValueTypeInvalid", path, "Invalid value", value, detail);

    public void Duplicate(FieldPath path, object? value, string detail = "") =>
        AddValue("FieldValueDuplicate", path, "Duplicate value", value, detail);

    public void Forbidden(FieldPath path, string detail) =>
        Add("FieldValueForbidden", path, $"Forbidden{Suffix(detail)}");

    public void NotFound(FieldPath path, object? value, string detail = "") =>
        AddValue("FieldValueNotFound", path, "Not found", value, detail);

    /// <summary>The supported values appear in the order given: upstream sorts some lists and not others.</summary>
    public void NotSupported(FieldPath path, object? value, IEnumerable<string> supported) => AddValue(
        "FieldValueNotSupported", path, "Unsupported value", value,
        $"supported values: {string.Join(", ", supported.Select(GoText.Quote))}");

    public void TooLong(FieldPath path, int maxLength) =>
        Add("FieldValueTooLong", path, $"Too long: may not be more than {maxLength} bytes");

    public void TooMany(FieldPath path, int actual, int max) =>
        Add("FieldValueTooMany", path, $"Too many: {actual}: must have at most {max} item{(max == 1 ? "" : "s")}");

    public void InternalError(FieldPath path, string detail) => Add("InternalError", path, $"Internal error: {detail}");

    /// <summary>One Invalid for every complaint, as the rules of <see cref="NameRules"/> yield them.</summary>
    public void InvalidEach(FieldPath path, object? value, IEnumerable<string> complaints)
    {
        foreach (var complaint in complaints)
        {
            Invalid(path, value, complaint);
        }
    }

    /// <summary>One that was made elsewhere.</summary>
    public void Add(FieldError error) => Add(error.Reason, FieldPath.Of(error.Field), error.Message);

    public void Add(string reason, FieldPath path, string message)
    {
        if (CountOne())
        {
            Keep(reason, path, message);
        }
    }

    /// <summary>
    /// True when the object had this text before the update in the same field; of a field in a list, in any element.
    /// </summary>
    public bool HadBefore(FieldPath path, string text) => Before is not null
        && (_textsBefore ??= Texts(Before)).TryGetValue(path.Field, out var texts) && texts.Contains(text);

    /// <summary>
    /// The 422 answer for an object of a kind; several findings are joined as upstream's aggregate does.
    /// </summary>
    public Status ToStatus(string group, string kind, string name)
    {
        var qualified = group.Length == 0 ? kind : $"{kind}.{group}";
        return new Status
        {
            Code = 422,
            Reason = StatusReasons.Invalid,
            Message =
                $"{qualified} \"{name}\" is invalid: {ToText()}",
            Details = new StatusDetails
            {
                Name = name.Length == 0 ? null : name,
                Group = group.Length == 0 ? null : group,
                Kind = kind,
                Causes = [.. _errors.Select(e => new StatusCause(e.Reason, e.Message, e.Field))],
            },
        };
    }

    /// <summary>All findings in one text, as upstream's aggregate prints them; empty for none.</summary>
    public string ToText() => GoErrors.Join(_errors.Select(static e => $"{e.Field}: {e.Message}")) ?? "";

    /// <summary>The value's text is only made when it is kept.</summary>
    private void AddValue(string reason, FieldPath path, string what, object? value, string detail)
    {
        if (CountOne())
        {
            Keep(reason, path, $"{what}: {GoText.Value(value)}{Suffix(detail)}");
        }
    }

    /// <summary>True when one more finding is kept.</summary>
    private bool CountOne()
    {
        cancellationToken.ThrowIfCancellationRequested();
        Count++;
        return _errors.Count < MaxKept && _length < MaxKeptLength;
    }

    private void Keep(string reason, FieldPath path, string message)
    {
        _length += message.Length;
        _errors.Add(new FieldError(reason, path.ToString(), message));
    }

    private static string Suffix(string detail) => detail.Length == 0 ? "" : $": {detail}";

    /// <summary>
    /// What fields hold, by <see cref="FieldPath.Field"/>. Case does not count, as upstream has it otherwise in one
    /// path; a text with commas is a list, with blanks around its items; an <c>ip</c> goes by the name of what has it,
    /// too.
    /// </summary>
    private static Dictionary<string, HashSet<string>> Texts(object item)
    {
        var texts = new Dictionary<string, HashSet<string>>(StringComparer.OrdinalIgnoreCase);
        var (outer, field) = (new Stack<string>(), "");
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(GoText.Json(item)));
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    outer.Push(field);
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    field = outer.Pop();
                    break;
                case JsonTokenType.PropertyName:
                    field = outer.Peek() is { Length: > 0 } parent
                        ? $"{parent}.{reader.GetString()}"
                        : reader.GetString()!;
                    break;
                case JsonTokenType.String:
                    Note(field, reader.GetString()!);
                    break;
            }
        }

        return texts;

        void Note(string name, string text)
        {
            if (!texts.TryGetValue(name, out var known))
            {
                texts[name] = known = new HashSet<string>(StringComparer.Ordinal);
            }

            known.UnionWith(text.Split(',').Select(static t => t.Trim()));
            if (name.EndsWith(".ip", StringComparison.Ordinal))
            {
                Note(name[..^".ip".Length], text);
            }
        }
    }
}
