using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>
/// A set of paths into an object, as a tree: a node's entries are in order, each is a member itself, or leads to
/// members, or both. Sets never change, so parts are shared freely. A path stands for itself alone: the set that has
/// <c>.spec</c> does not have <c>.spec.replicas</c>.
/// </summary>
[SuppressMessage("Naming", "CA1710", Justification = "It is a set of paths, not a collection.")]
public sealed class FieldSet : IEquatable<FieldSet>
{
    /// <summary>Nodes with more entries are seldom seen twice.</summary>
    private const int MaxShared = 64;

    /// <summary>
    /// Nodes made lately, found by the very steps and children that they hold: what one client writes of one kind has
    /// the same fields again and again, down from the root, so that most sets are there already, with their JSON.
    /// </summary>
    private static readonly FieldSet?[] Lately = new FieldSet?[2048];

    private readonly Entry[] _entries;
    private int _hash;

    private FieldSet(Entry[] entries)
    {
        _entries = entries;
    }

    public static FieldSet Empty { get; } = new([]);

    /// <summary>No node without members is ever kept.</summary>
    public bool IsEmpty => _entries.Length == 0;

    internal ReadOnlySpan<Entry> Entries => _entries;

    /// <summary>Its FieldsV1, once it was asked for and when it is short.</summary>
    internal byte[]? Json { get; set; }

    /// <summary>A set of paths of fields.</summary>
    public static FieldSet Of(params IEnumerable<string>[] paths) =>
        Union(paths.Select(p => Of(p.Select(PathElement.Field))));

    /// <summary>A set of one path.</summary>
    public static FieldSet Of(IEnumerable<PathElement> path)
    {
        var result = Empty;
        foreach (var element in path.Reverse())
        {
            result = new FieldSet([new Entry(element, result.IsEmpty, result.IsEmpty ? null : result)]);
        }

        return result;
    }

    public static FieldSet Union(IEnumerable<FieldSet> sets) => sets.Aggregate(Empty, (all, s) => all.Union(s));

    /// <summary>A node; sorts the entries in place and joins those of one element.</summary>
    internal static FieldSet Of(Span<Entry> entries)
    {
        if (entries.IsEmpty)
        {
            return Empty;
        }

        for (var i = 1; i < entries.Length; i++)
        {
            if (entries[i - 1].Element.CompareTo(entries[i].Element) >= 0)
            {
                entries.Sort(static (l, r) => l.Element.CompareTo(r.Element));
                return Joined(entries);
            }
        }

        return Share(entries);
    }

    /// <summary>All that is in the other is here.</summary>
    public bool Contains(FieldSet other)
    {
        if (ReferenceEquals(this, other))
        {
            return true;
        }

        foreach (var theirs in other._entries)
        {
            var mine = Find(theirs.Element);
            if ((theirs.IsMember && !mine.IsMember)
                || (theirs.Children is { } below && mine.Children?.Contains(below) != true))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>What is in either.</summary>
    public FieldSet Union(FieldSet other) =>
        IsEmpty ? other : other.IsEmpty || ReferenceEquals(this, other) ? this
        : Zip(other, keepsLeft: true, keepsRight: true, static (l, r) => new Entry(
            l.Element, l.IsMember || r.IsMember, l.Children is null ? r.Children
                : r.Children is null ? l.Children : l.Children.Union(r.Children)));

    /// <summary>What is in both.</summary>
    public FieldSet Intersection(FieldSet other) =>
        IsEmpty || other.IsEmpty ? Empty
        : Zip(other, keepsLeft: false, keepsRight: false, static (l, r) => new Entry(
            l.Element,
            l.IsMember && r.IsMember,
            l.Children is null || r.Children is null ? null : l.Children.Intersection(r.Children)));

    /// <summary>What is here and not there, path by path.</summary>
    public FieldSet Difference(FieldSet other) =>
        IsEmpty || other.IsEmpty ? this
        : Zip(other, keepsLeft: true, keepsRight: false, static (l, r) => new Entry(
            l.Element,
            l.IsMember && !r.IsMember,
            l.Children is null || r.Children is null ? l.Children : l.Children.Difference(r.Children)));

    /// <summary>What is here and neither there nor below a path that is there.</summary>
    public FieldSet RecursiveDifference(FieldSet other) =>
        IsEmpty || other.IsEmpty ? this
        : Zip(other, keepsLeft: true, keepsRight: false, static (l, r) =>
            r.IsMember ? default : new Entry(
                l.Element, l.IsMember, r.Children is null ? l.Children : l.Children?.RecursiveDifference(r.Children)));

    /// <summary>The paths that no other path of the set goes on from.</summary>
    public FieldSet Leaves() => Select(e => e.Children is null ? e : new Entry(e.Element, false, e.Children.Leaves()));

    /// <summary>Something is in both.</summary>
    public bool Overlaps(FieldSet other)
    {
        var (left, right) = (0, 0);
        while (left < _entries.Length && right < other._entries.Length)
        {
            var (mine, theirs) = (_entries[left], other._entries[right]);
            var order = mine.Element.CompareTo(theirs.Element);
            if (order == 0 && ((mine.IsMember && theirs.IsMember)
                || (mine.Children is { } below && theirs.Children is { } belowToo && below.Overlaps(belowToo))))
            {
                return true;
            }

            left += order <= 0 ? 1 : 0;
            right += order >= 0 ? 1 : 0;
        }

        return false;
    }

    public bool Has(params ReadOnlySpan<PathElement> path)
    {
        var set = this;
        for (var i = 0; i < path.Length - 1; i++)
        {
            if (set.Find(path[i]).Children is not { } children)
            {
                return false;
            }

            set = children;
        }

        return path.Length > 0 && set.Find(path[^1]).IsMember;
    }

    /// <summary>All paths in upstream's order: what a node has itself before what lies deeper.</summary>
    public IEnumerable<IReadOnlyList<PathElement>> Paths() => Paths([]);

    /// <inheritdoc/>
    public bool Equals(FieldSet? other) =>
        ReferenceEquals(this, other) || (other is not null && _entries.AsSpan().SequenceEqual(other._entries));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as FieldSet);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        if (_hash == 0)
        {
            var hash = new HashCode();
            foreach (var entry in _entries)
            {
                hash.Add(entry);
            }

            _hash = hash.ToHashCode();
        }

        return _hash;
    }

    /// <summary>One path a line.</summary>
    public override string ToString() => string.Join('\n', Paths().Select(p => string.Concat(p)));

    /// <summary>The entry of an element; one without an element when there is none.</summary>
    internal Entry Find(PathElement element)
    {
        var (low, high) = (0, _entries.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = _entries[middle].Element.CompareTo(element);
            if (order == 0)
            {
                return _entries[middle];
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return default;
    }

    /// <summary>The set with each entry replaced; entries that lead nowhere fall out.</summary>
    internal FieldSet Select(Func<Entry, Entry> replace) => Select(static (e, f) => f(e), replace);

    /// <summary>The set with each entry replaced; this set itself when none becomes another.</summary>
    internal FieldSet Select<T>(Func<Entry, T, Entry> replace, T state)
    {
        for (var i = 0; i < _entries.Length; i++)
        {
            var replaced = replace(_entries[i], state);
            if (!replaced.IsSame(_entries[i]))
            {
                return SelectFrom(i, replaced, replace, state);
            }
        }

        return this;
    }

    private static FieldSet Joined(Span<Entry> entries)
    {
        var last = 0;
        for (var i = 1; i < entries.Length; i++)
        {
            if (entries[last].Element.Equals(entries[i].Element))
            {
                entries[last] = new FieldSet([entries[last]]).Union(new FieldSet([entries[i]]))._entries[0];
            }
            else
            {
                entries[++last] = entries[i];
            }
        }

        return Share(entries[..(last + 1)]);
    }

    /// <summary>A node of entries that are in order: the one that is known, or a new one.</summary>
    private static FieldSet Share(ReadOnlySpan<Entry> entries)
    {
        if (entries.Length > MaxShared)
        {
            return new FieldSet(entries.ToArray());
        }

        var hash = 17u;
        foreach (var entry in entries)
        {
            hash = (hash * 31) + (uint)RuntimeHelpers.GetHashCode(entry.Element);
            hash = (hash * 31) + (uint)RuntimeHelpers.GetHashCode(entry.Children) + (entry.IsMember ? 1u : 0);
        }

        ref var place = ref Lately[(hash ^ (hash >> 15)) % (uint)Lately.Length];
        if (Volatile.Read(ref place) is { } known && known.IsOf(entries))
        {
            return known;
        }

        var fresh = new FieldSet(entries.ToArray());
        Volatile.Write(ref place, fresh);
        return fresh;
    }

    private bool IsOf(ReadOnlySpan<Entry> entries)
    {
        if (entries.Length != _entries.Length)
        {
            return false;
        }

        for (var i = 0; i < entries.Length; i++)
        {
            if (!entries[i].IsSame(_entries[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static void Keep(Entry[] result, ref int count, Entry entry)
    {
        var children = entry.Children is { IsEmpty: true } ? null : entry.Children;
        if (entry.IsMember || children is not null)
        {
            result[count++] = entry with { Children = children };
        }
    }

    private static FieldSet Trim(Entry[] entries, int count) =>
        count == 0 ? Empty : Share(entries.AsSpan(0, count));

    private FieldSet SelectFrom<T>(int first, Entry replaced, Func<Entry, T, Entry> replace, T state)
    {
        var result = new Entry[_entries.Length];
        _entries.AsSpan(0, first).CopyTo(result);
        var count = first;
        Keep(result, ref count, replaced);
        foreach (var entry in _entries.AsSpan(first + 1))
        {
            Keep(result, ref count, replace(entry, state));
        }

        return Trim(result, count);
    }

    /// <summary>Walks both in order; an element of both becomes what <paramref name="join"/> says.</summary>
    private FieldSet Zip(FieldSet other, bool keepsLeft, bool keepsRight, Func<Entry, Entry, Entry> join)
    {
        var result = new Entry[_entries.Length + (keepsRight ? other._entries.Length : 0)];
        var (count, left, right) = (0, 0, 0);
        while (left < _entries.Length || (keepsRight && right < other._entries.Length))
        {
            var order = left == _entries.Length ? 1 : right == other._entries.Length ? -1
                : _entries[left].Element.CompareTo(other._entries[right].Element);
            if (order == 0)
            {
                Keep(result, ref count, join(_entries[left], other._entries[right]));
            }
            else if (order < 0 ? keepsLeft : keepsRight)
            {
                result[count++] = order < 0 ? _entries[left] : other._entries[right];
            }

            left += order <= 0 ? 1 : 0;
            right += order >= 0 ? 1 : 0;
        }

        return Trim(result, count);
    }

    private IEnumerable<IReadOnlyList<PathElement>> Paths(PathElement[] prefix)
    {
        foreach (var entry in _entries.Where(e => e.IsMember))
        {
            yield return [.. prefix, entry.Element];
        }

        foreach (var entry in _entries.Where(e => e.Children is not null))
        {
            foreach (var path in entry.Children!.Paths([.. prefix, entry.Element]))
            {
                yield return path;
            }
        }
    }

    /// <summary>An element of a node: a member, or on the way to members, or both.</summary>
    internal readonly record struct Entry(PathElement Element, bool IsMember, FieldSet? Children)
    {
        /// <summary>Both are the same one, which is quicker to see than that they are equal.</summary>
        public bool IsSame(Entry other) => IsMember == other.IsMember
            && ReferenceEquals(Element, other.Element) && ReferenceEquals(Children, other.Children);
    }
}
