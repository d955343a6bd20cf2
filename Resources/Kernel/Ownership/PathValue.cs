using System.Globalization;
using System.Text.Json;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>
/// A JSON value that tells an element of a list from its siblings. Numbers come before texts, those before booleans,
/// lists, maps and null; numbers compare by value, texts by their bytes.
/// </summary>
public readonly struct PathValue : IEquatable<PathValue>, IComparable<PathValue>
{
    private readonly Sort _sort;
    private readonly long _integer;
    private readonly double _number;
    private readonly string? _text;

    private PathValue(Sort sort, string? text = null, long integer = 0, double number = 0)
    {
        _sort = sort;
        _text = text;
        _integer = integer;
        _number = number;
    }

    private enum Sort
    {
        Integer,
        Float,
        Text,
        Boolean,
        List,
        Map,
        Null,
    }

    public static PathValue Of(string text) => new(Sort.Text, text);

    public static PathValue Of(long number) => new(Sort.Integer, integer: number, number: number);

    public static PathValue Of(bool value) => new(Sort.Boolean, integer: value ? 1 : 0);

    public static PathValue Of(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => Of(element.GetString()!),
        JsonValueKind.True => Of(true),
        JsonValueKind.False => Of(false),
        JsonValueKind.Number when element.TryGetInt64(out var integer) => Of(integer),
        JsonValueKind.Number => new PathValue(Sort.Float, number: element.GetDouble()),
        JsonValueKind.Array => new PathValue(Sort.List, element.GetRawText()),
        JsonValueKind.Object => new PathValue(Sort.Map, element.GetRawText()),
        _ => new PathValue(Sort.Null),
    };

    public static bool operator ==(PathValue left, PathValue right) => left.Equals(right);

    public static bool operator !=(PathValue left, PathValue right) => !left.Equals(right);

    public static bool operator <(PathValue left, PathValue right) => left.CompareTo(right) < 0;

    public static bool operator >(PathValue left, PathValue right) => left.CompareTo(right) > 0;

    public static bool operator <=(PathValue left, PathValue right) => left.CompareTo(right) <= 0;

    public static bool operator >=(PathValue left, PathValue right) => left.CompareTo(right) >= 0;

    /// <summary>Characters of text.</summary>
    internal int Length => _text?.Length ?? 0;

    public int CompareTo(PathValue other)
    {
        if (_sort == other._sort && _sort == Sort.Integer)
        {
            return _integer.CompareTo(other._integer);
        }

        if (_sort <= Sort.Float && other._sort <= Sort.Float)
        {
            return _number.CompareTo(other._number);
        }

        return _sort != other._sort ? _sort.CompareTo(other._sort)
            : _text is null ? _integer.CompareTo(other._integer)
            : Utf8Order.Compare(_text, other._text!);
    }

    public bool Equals(PathValue other) => CompareTo(other) == 0;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is PathValue other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() =>
        _text?.GetHashCode(StringComparison.Ordinal) ?? (_sort <= Sort.Float ? _number.GetHashCode() : (int)_integer);

    /// <summary>As conflicts show it: texts quoted.</summary>
    public override string ToString() => _sort == Sort.Text ? GoText.Quote(_text!) : ToJson();

    /// <summary>Compact JSON.</summary>
    public string ToJson() => _sort switch
    {
        Sort.Integer => _integer.ToString(CultureInfo.InvariantCulture),
        Sort.Float => _number.ToString("R", CultureInfo.InvariantCulture),
        Sort.Text => GoText.Json(_text),
        Sort.Boolean => _integer == 1 ? "true" : "false",
        Sort.Null => "null",
        _ => _text!,
    };
}
