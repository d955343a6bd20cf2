using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>One finding of validation: apimachinery's <c>field.Error</c>.</summary>
/// <param name="Reason">The cause's reason: <c>FieldValueInvalid</c>, <c>FieldValueRequired</c> …</param>
/// <param name="Field">Path of the field.</param>
/// <param name="Message">The text after the path.</param>
public sealed record FieldError(string Reason, string Field, string Message);

/// <summary>Collects findings in the order of validation, and turns them into upstream's 422.</summary>
public sealed class FieldErrors
{
    private readonly List<FieldError> _errors = [];

    public IReadOnlyList<FieldError> All => _errors;

    public int Count => _errors.Count;

    public void Required(FieldPath path, string detail = "") =>
        Add("FieldValueRequired", path, detail.Length == 0 ? "Required value" : $"Required value: {detail}");

    public void Invalid(FieldPath path, object? value, string detail) =>
        Add("FieldValueInvalid", path, $"Invalid value: {GoText.Value(value)}{Suffix(detail)}");

    public void TypeInvalid(FieldPath path, object? value, string detail) =>
        Add("FieldValueTypeInvalid", path, $"Invalid value: {GoText.Value(value)}{Suffix(detail)}");

    public void Duplicate(FieldPath path, object? value, string detail = "") =>
        Add("FieldValueDuplicate", path, $"Duplicate value: {GoText.Value(value)}{Suffix(detail)}");

    public void Forbidden(FieldPath path, string detail) =>
        Add("FieldValueForbidden", path, $"Forbidden{Suffix(detail)}");

    public void NotFound(FieldPath path, object? value, string detail = "") =>
        Add("FieldValueNotFound", path, $"Not found: {GoText.Value(value)}{Suffix(detail)}");

    /// <summary>The supported values appear in the order given: upstream sorts some lists and not others.</summary>
    public void NotSupported(FieldPath path, object? value, IEnumerable<string> supported)
    {
        var quoted = string.Join(", ", supported.Select(GoText.Quote));
        Add("FieldValueNotSupported", path, $"Unsupported value: {GoText.Value(value)}: supported values: {quoted}");
    }

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

    public void Add(string reason, FieldPath path, string message) =>
        _errors.Add(new FieldError(reason, path.ToString(), message));

    /// <summary>
    /// The 422 answer for an object of a kind; several findings are joined as upstream's aggregate does.
    /// </summary>
    public Status ToStatus(string group, string kind, string name)
    {
        var texts = _errors.Select(e => $"{e.Field}: {e.Message}").Distinct(StringComparer.Ordinal).ToList();
        var qualified = group.Length == 0 ? kind : $"{kind}.{group}";
        return new Status
        {
            Code = 422,
            Reason = StatusReasons.Invalid,
            Message =
                $"{qualified} \"{name}\" is invalid: {(texts.Count == 1 ? texts[0] : $"[{string.Join(", ", texts)}]")}",
            Details = new StatusDetails
            {
                Name = name.Length == 0 ? null : name,
                Group = group.Length == 0 ? null : group,
                Kind = kind,
                Causes = [.. _errors.Select(e => new StatusCause(e.Reason, e.Message, e.Field))],
            },
        };
    }

    private static string Suffix(string detail) => detail.Length == 0 ? "" : $": {detail}";
}
