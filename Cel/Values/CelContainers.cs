using System.Collections;
using OrleansOrchestrator.Cel.Types;

namespace OrleansOrchestrator.Cel.Values;

/// <summary>
/// A list; what is asked of it is its count and its elements, so that data can be shown without a copy.
/// </summary>
public abstract class CelList : IReadOnlyList<CelValue>
{
    public abstract int Count { get; }

    public abstract CelValue this[int index] { get; }

    /// <summary>Whether the order of elements counts when it is compared, and how it is joined with another.</summary>
    internal virtual CelSchema? Schema => null;

    public static CelList Of(params CelValue[] elements) => new ArrayList(elements);

    public IEnumerator<CelValue> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private sealed class ArrayList(CelValue[] elements) : CelList
    {
        public override int Count => elements.Length;

        public override CelValue this[int index] => elements[index];
    }
}

/// <summary>A list that grows while a comprehension runs; nobody else sees it before it is done.</summary>
internal sealed class GrowingList : CelList
{
    private readonly List<CelValue> _elements = [];

    public override int Count => _elements.Count;

    public override CelValue this[int index] => _elements[index];

    public void Add(in CelValue value) => _elements.Add(value);
}

/// <summary>Two lists after each other, without a copy, so that joining costs the same however long they are.</summary>
internal sealed class JoinedList : CelList
{
    /// <summary>Joined lists of this depth are copied, so that reading stays flat.</summary>
    private const int MaxDepth = 32;

    private readonly CelList _first;
    private readonly CelList _second;
    private readonly int _depth;

    private JoinedList(CelList first, CelList second, int depth) => (_first, _second, _depth) = (first, second, depth);

    public override int Count => (int)Math.Min((long)_first.Count + _second.Count, int.MaxValue);

    public override CelValue this[int index] => index < _first.Count ? _first[index] : _second[index - _first.Count];

    public static CelList Of(CelList first, CelList second)
    {
        if (first.Count == 0)
        {
            return second;
        }

        if (second.Count == 0)
        {
            return first;
        }

        var depth = 1 + Math.Max((first as JoinedList)?._depth ?? 0, (second as JoinedList)?._depth ?? 0);
        return depth <= MaxDepth || (long)first.Count + second.Count > Flat
            ? new JoinedList(first, second, depth)
            : Of([.. first, .. second]);
    }

    /// <summary>Lists beyond this length are never copied.</summary>
    private const int Flat = 100_000;
}

/// <summary>A map, or an object, whose fields are keys.</summary>
public abstract class CelMap : IEnumerable<KeyValuePair<CelValue, CelValue>>
{
    public static readonly CelMap Empty = new LiteralMap([]);

    public abstract int Count { get; }

    /// <summary>With what expressions do not see, and equality does: by it cost is counted.</summary>
    internal virtual int Size => Count;

    /// <summary>The type an expression sees: <c>map</c> unless the object has a name of its own.</summary>
    public virtual CelType Type => CelType.DynMap;

    public static CelMap Of(params (string Key, CelValue Value)[] entries)
    {
        var made = new Dictionary<CelValue, CelValue>(entries.Length);
        foreach (var (key, value) in entries)
        {
            made[CelValue.Of(key)] = value;
        }

        return new LiteralMap(made);
    }

    public abstract bool TryGet(in CelValue key, out CelValue value);

    /// <summary>Whether the map has the key itself: <c>key in map</c>. Some give a value for others, too.</summary>
    public virtual bool Contains(in CelValue key) => TryGet(key, out _);

    /// <summary>The field of an object; the same as the entry of that key. The value may be an error.</summary>
    public virtual bool TryGetField(string name, out CelValue value) => TryGet(CelValue.Of(name), out value);

    /// <summary>Whether what expressions do not see is the same in both; of another as large.</summary>
    internal virtual bool HidesTheSame(CelMap other) => true;

    public abstract IEnumerator<KeyValuePair<CelValue, CelValue>> GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>A map an expression made.</summary>
internal sealed class LiteralMap(Dictionary<CelValue, CelValue> entries) : CelMap
{
    public override int Count => entries.Count;

    public override bool TryGet(in CelValue key, out CelValue value) => entries.TryGetValue(key, out value);

    public override IEnumerator<KeyValuePair<CelValue, CelValue>> GetEnumerator() => entries.GetEnumerator();

    /// <summary>Only for the comprehension that grows it, before anybody else sees it.</summary>
    public bool TryAdd(in CelValue key, in CelValue value) => entries.TryAdd(key, value);
}

/// <summary>An object an expression made of a named type, for example <c>Object.spec{…}</c>.</summary>
public sealed class CelObject(CelType type, IReadOnlyDictionary<string, CelValue> fields) : CelMap
{
    public override CelType Type => type;

    public override int Count => fields.Count;

    public override bool TryGet(in CelValue key, out CelValue value)
    {
        value = default;
        return key.Kind == CelKind.String && fields.TryGetValue(key.AsString, out value);
    }

    public override IEnumerator<KeyValuePair<CelValue, CelValue>> GetEnumerator()
    {
        foreach (var (name, value) in fields)
        {
            yield return new(CelValue.Of(name), value);
        }
    }
}

/// <summary>A value whose insides only functions see.</summary>
public abstract class CelOpaque
{
    public abstract CelType Type { get; }

    /// <summary>The size that the cost of calls on it is counted by.</summary>
    public virtual long CostSize => 1;

    /// <summary>Of a format: how long the regular expression is that its cost is counted by, in characters.</summary>
    public virtual long PatternLength => 0;
}

/// <summary>A value that may be absent.</summary>
public sealed class CelOptional : CelOpaque, IEquatable<CelOptional>
{
    public static readonly CelOptional None = new(default, false);

    private static readonly CelType OptionalType = CelType.Optional(CelType.Dyn);

    private CelOptional(CelValue value, bool hasValue) => (Value, HasValue) = (value, hasValue);

    public CelValue Value { get; }

    public bool HasValue { get; }

    public override CelType Type => OptionalType;

    public static CelOptional Of(in CelValue value) => new(value, true);

    public bool Equals(CelOptional? other) =>
        other is not null && HasValue == other.HasValue && (!HasValue || Value.Equals(other.Value));

    public override bool Equals(object? obj) => Equals(obj as CelOptional);

    public override int GetHashCode() => HasValue ? Value.GetHashCode() : 0;

    public override string ToString() => HasValue ? $"optional({Value})" : "optional.none()";
}
