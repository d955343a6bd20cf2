using System.Collections;

namespace OrleansOrchestrator.Api.Cache;

/// <summary>Total order of a tree's items.</summary>
internal interface IOrder<T>
{
    static abstract int Compare(T left, T right);
}

/// <summary>A place in a tree's order: negative when it is before the item, positive when after.</summary>
internal interface IProbe<T>
{
    int CompareTo(T item);
}

/// <summary>
/// A persistent B-tree: an update returns a new tree that shares all but the paths to its changes, about 1 KB for one
/// change of 10,000 items; changes side by side share their path. Nodes know how many items are below them, so ranges
/// are index ranges and their size is known without walking.
/// </summary>
internal sealed partial class OrderedTree<T, TOrder>
    where TOrder : IOrder<T>
{
    /// <summary>Full node: large enough for a flat tree, small enough to copy.</summary>
    private const int MaxWidth = 32;

    /// <summary>Nodes below this are joined with a neighbour where that fits.</summary>
    private const int MinWidth = MaxWidth / 4;

    public static readonly OrderedTree<T, TOrder> Empty = new(new Node(Array.Empty<T>()));

    private readonly Node _root;

    private OrderedTree(Node root) => _root = root;

    public int Count => _root.Count;

    /// <summary>Builds a tree from items that are already in order.</summary>
    public static OrderedTree<T, TOrder> FromOrdered(IReadOnlyList<T> items)
    {
        var level = new List<Node>();
        for (var i = 0; i < items.Count; i += MaxWidth)
        {
            var leaf = new T[Math.Min(MaxWidth, items.Count - i)];
            for (var k = 0; k < leaf.Length; k++)
            {
                leaf[k] = items[i + k];
            }

            level.Add(new Node(leaf));
        }

        while (level.Count > 1)
        {
            level = [.. level.Chunk(MaxWidth).Select(static children => new Node(children))];
        }

        return level.Count == 0 ? Empty : new OrderedTree<T, TOrder>(level[0]);
    }

    /// <summary>The item at which the probe compares equal.</summary>
    public bool TryFind<TProbe>(TProbe probe, out T item)
        where TProbe : IProbe<T>
    {
        var node = _root;
        while (node.Children is { } children)
        {
            node = children[ChildAt(children, probe)];
        }

        var index = LowerBound(node.Items!, probe);
        if (index < node.Items!.Length && probe.CompareTo(node.Items[index]) == 0)
        {
            item = node.Items[index];
            return true;
        }

        item = default!;
        return false;
    }

    /// <summary>How many items are before the probe.</summary>
    public int CountBefore<TProbe>(TProbe probe)
        where TProbe : IProbe<T>
    {
        var (node, before) = (_root, 0);
        while (node.Children is { } children)
        {
            var index = ChildAt(children, probe);
            for (var i = 0; i < index; i++)
            {
                before += children[i].Count;
            }

            node = children[index];
        }

        return before + LowerBound(node.Items!, probe);
    }

    /// <summary>Items by position.</summary>
    public Slice Range(int start, int end) => new(this, start, Math.Max(start, end));

    /// <summary>The leaf that holds a position, and the position within it.</summary>
    private (T[] Leaf, int Index) LeafAt(int position)
    {
        var node = _root;
        while (node.Children is { } children)
        {
            var i = 0;
            while (position >= children[i].Count)
            {
                position -= children[i++].Count;
            }

            node = children[i];
        }

        return (node.Items!, position);
    }

    /// <summary>The last child that does not begin after the probe.</summary>
    private static int ChildAt<TProbe>(ReadOnlySpan<Node> children, TProbe probe)
        where TProbe : IProbe<T>
    {
        var (low, high) = (1, children.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (probe.CompareTo(children[middle].First) < 0)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low - 1;
    }

    private static int LowerBound<TProbe>(ReadOnlySpan<T> items, TProbe probe)
        where TProbe : IProbe<T>
    {
        var (low, high) = (0, items.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (probe.CompareTo(items[middle]) > 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>Items of a tree between two positions. Enumerates without allocation when typed.</summary>
    public readonly struct Slice(OrderedTree<T, TOrder> tree, int start, int end) : IReadOnlyList<T>
    {
        public int Count => end - start;

        public T this[int index]
        {
            get
            {
                ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
                var (leaf, at) = tree.LeafAt(start + index);
                return leaf[at];
            }
        }

        public Enumerator GetEnumerator() => new(tree, start, end);

        IEnumerator<T> IEnumerable<T>.GetEnumerator() => GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    /// <summary>Walks leaf by leaf; between leaves it descends from the root, once in about 20 items.</summary>
    public struct Enumerator(OrderedTree<T, TOrder> tree, int start, int end) : IEnumerator<T>
    {
        private T[] _leaf = [];
        private int _index = -1;
        private int _left = end - start;
        private int _position = start;

        public readonly T Current => _leaf[_index];

        readonly object? IEnumerator.Current => Current;

        public bool MoveNext()
        {
            if (_left == 0)
            {
                return false;
            }

            _left--;
            if (++_index >= _leaf.Length)
            {
                (_leaf, _index) = tree.LeafAt(_position);
            }

            _position++;
            return true;
        }

        public readonly void Reset() => throw new NotSupportedException();

        public readonly void Dispose()
        {
        }
    }

    private sealed class Node
    {
        public Node(T[] items)
        {
            Items = items;
            Count = items.Length;
            First = items.Length == 0 ? default! : items[0];
        }

        public Node(Node[] children)
        {
            Children = children;
            First = children[0].First;
            foreach (var child in children)
            {
                Count += child.Count;
            }
        }

        public T[]? Items { get; }

        public Node[]? Children { get; }

        public int Count { get; }

        public T First { get; }

        public int Width => Items?.Length ?? Children!.Length;
    }

    private readonly struct ItemProbe(T item) : IProbe<T>
    {
        public int CompareTo(T other) => TOrder.Compare(item, other);
    }
}
