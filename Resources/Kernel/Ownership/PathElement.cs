using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>
/// One step of a path into an object: a field or a map's key, an element of a keyed list by its keys, an element of a
/// set by its value, or an element by its place. Steps of these sorts come in this order. In FieldsV1 they are
/// <c>f:name</c>, <c>k:{"name":"web"}</c>, <c>v:"value"</c> and <c>i:0</c>.
/// </summary>
public sealed class PathElement : IEquatable<PathElement>, IComparable<PathElement>
{
    private static readonly FrozenDictionary<string, PathElement> Known = BuiltInSchema.Objects
        .SelectMany(o => o.Fields).Select(f => f.Name).Distinct(StringComparer.Ordinal)
        .ToFrozenDictionary(n => n, n => new PathElement(Sort.Field, n), StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, PathElement>.AlternateLookup<ReadOnlySpan<char>> KnownByName =
        Known.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Longer ones are seldom seen twice, and would be kept for nothing.</summary>
    private const int MaxKept = 256;

    /// <summary>
    /// Steps made lately: sets of one sort of object then share theirs, and are seen to be the same by reference.
    /// </summary>
    private static readonly PathElement?[] Lately = new PathElement?[1024];

    private readonly Sort _sort;
    private readonly string _name;
    private readonly KeyValuePair<string, PathValue>[] _keys;
    private readonly PathValue _value;
    private byte[]? _json;

    private PathElement(
        Sort sort, string name = "", KeyValuePair<string, PathValue>[]? keys = null, PathValue value = default)
    {
        _sort = sort;
        _name = name;
        _keys = keys ?? [];
        _value = value;
    }

    private enum Sort
    {
        Field,
        Key,
        Value,
        Index,
    }

    /// <summary>The name of a field or the key of a map; null for elements of lists.</summary>
    public string? FieldName => _sort == Sort.Field ? _name : null;

    /// <summary>An element of a keyed list.</summary>
    public bool IsKey => _sort == Sort.Key;

    /// <summary>The step as a JSON string in UTF-8, with its quotes.</summary>
    internal ReadOnlySpan<byte> Json => _json ??= Encoding.UTF8.GetBytes(GoText.Json(Serialize()));

    /// <summary>A field, or a key of a map.</summary>
    public static PathElement Field(string name) =>
        Known.GetValueOrDefault(name) ?? Share(new PathElement(Sort.Field, name));

    /// <summary>An element of a keyed list.</summary>
    /// <param name="keys">In the order of their names.</param>
    public static PathElement Key(params KeyValuePair<string, PathValue>[] keys) =>
        Share(new PathElement(Sort.Key, keys: keys));

    /// <summary>An element of a set.</summary>
    public static PathElement Value(PathValue value) => Share(new PathElement(Sort.Value, value: value));

    /// <summary>An element by its place, which only clients that write managedFields themselves use.</summary>
    public static PathElement Index(long index) => new(Sort.Index, value: PathValue.Of(index));

    public static bool operator ==(PathElement? left, PathElement? right) => left?.Equals(right) ?? right is null;

    public static bool operator !=(PathElement? left, PathElement? right) => !(left == right);

    public static bool operator <(PathElement left, PathElement right) => left.CompareTo(right) < 0;

    public static bool operator >(PathElement left, PathElement right) => left.CompareTo(right) > 0;

    public static bool operator <=(PathElement left, PathElement right) => left.CompareTo(right) <= 0;

    public static bool operator >=(PathElement left, PathElement right) => left.CompareTo(right) >= 0;

    /// <summary>
    /// Reads a step of FieldsV1. Null with a true result: of a sort that is not known, which is passed over.
    /// </summary>
    /// <param name="text">For example <c>f:metadata</c>.</param>
    /// <param name="element">The step.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out PathElement? element)
    {
        element = null;
        if (text.Length < 2 || text[1] != ':')
        {
            return false;
        }

        var content = text[2..];
        switch (text[0])
        {
            case 'f':
                element = KnownByName.TryGetValue(content, out var known) ? known
                    : Share(new PathElement(Sort.Field, content.ToString()));
                return true;
            case 'i':
                var isIndex =
                    long.TryParse(content, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index);
                element = isIndex ? Index(index) : null;
                return isIndex;
            case 'v':
            case 'k':
                element = ParseJson(text[0], content);
                return element is not null;
            default:
                return true;
        }
    }

    public int CompareTo(PathElement? other)
    {
        if (ReferenceEquals(this, other))
        {
            return 0;
        }

        if (other is null || _sort != other._sort)
        {
            return other is null ? 1 : _sort.CompareTo(other._sort);
        }

        return _sort switch
        {
            Sort.Field => Utf8Order.Compare(_name, other._name),
            Sort.Key => CompareKeys(other._keys),
            _ => _value.CompareTo(other._value),
        };
    }

    public bool Equals(PathElement? other) => ReferenceEquals(this, other) || CompareTo(other) == 0;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PathElement);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        if (_sort == Sort.Field)
        {
            return _name.GetHashCode(StringComparison.Ordinal);
        }

        var hash = new HashCode();
        hash.Add(_value);
        foreach (var (name, value) in _keys)
        {
            hash.Add(name, StringComparer.Ordinal);
            hash.Add(value);
        }

        return hash.ToHashCode();
    }

    /// <summary>As messages show it: <c>.name</c>, <c>[name="web"]</c>, <c>[="value"]</c>, <c>[0]</c>.</summary>
    public override string ToString() => _sort switch
    {
        Sort.Field => "." + _name,
        Sort.Key => $"[{string.Join(',', _keys.Select(k => $"{k.Key}={k.Value}"))}]",
        Sort.Value => $"[={_value}]",
        _ => $"[{_value}]",
    };

    private static PathElement Share(PathElement fresh)
    {
        if (fresh._name.Length > MaxKept || fresh._value.Length > MaxKept
            || Array.Exists(fresh._keys, static k => k.Value.Length > MaxKept))
        {
            return fresh;
        }

        ref var place = ref Lately[(uint)fresh.GetHashCode() % (uint)Lately.Length];
        if (Volatile.Read(ref place) is { } known && known.Equals(fresh))
        {
            return known;
        }

        Volatile.Write(ref place, fresh);
        return fresh;
    }

    private static PathElement? ParseJson(char sort, ReadOnlySpan<char> content)
    {
        JsonElement json;
        try
        {
            json = JsonElement.Parse(content);
        }
        catch (JsonException)
        {
            return null;
        }

        return sort == 'v' ? Value(PathValue.Of(json))
            : json.ValueKind != JsonValueKind.Object ? null
            : Key([.. json.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, PathValue.Of(p.Value)))
                .OrderBy(p => p.Key, StringComparer.Ordinal)]);
    }

    private int CompareKeys(KeyValuePair<string, PathValue>[] other)
    {
        for (var i = 0; i < _keys.Length && i < other.Length; i++)
        {
            var names = Utf8Order.Compare(_keys[i].Key, other[i].Key);
            var order = names != 0 ? names : _keys[i].Value.CompareTo(other[i].Value);
            if (order != 0)
            {
                return order;
            }
        }

        return _keys.Length - other.Length;
    }

    private string Serialize() => _sort switch
    {
        Sort.Field => "f:" + _name,
        Sort.Key => $"k:{{{string.Join(',', _keys.Select(k => $"{GoText.Json(k.Key)}:{k.Value.ToJson()}"))}}}",
        Sort.Value => "v:" + _value.ToJson(),
        _ => "i:" + _value.ToJson(),
    };
}
