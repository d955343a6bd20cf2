using System.Runtime.InteropServices;

namespace OrleansOrchestrator.Api.Cache;

/// <summary>One change of a tree: an item that is there from now on, in place of its equal, or is not.</summary>
internal readonly record struct TreeChange<T>(T Item, bool IsRemoval);

/// <content>How a tree is changed.</content>
internal sealed partial class OrderedTree<T, TOrder>
{
    /// <summary>The tree after some changes, of which the last one of an item counts.</summary>
    public OrderedTree<T, TOrder> Update(List<TreeChange<T>> changes)
    {
        if (changes.Count == 0)
        {
            return this;
        }

        var nodes = new List<Node>();
        Update(_root, InOrder(changes), nodes);
        while (nodes.Count > 1)
        {
            Pack(nodes, 0);
        }

        if (nodes.Count == 0)
        {
            return Empty;
        }

        var root = nodes[0];
        while (root.Children is { Length: 1 })
        {
            root = root.Children[0];
        }

        return ReferenceEquals(root, _root) ? this : new OrderedTree<T, TOrder>(root);
    }

    /// <summary>One change of each item, in the order of the items.</summary>
    private static ReadOnlySpan<TreeChange<T>> InOrder(List<TreeChange<T>> changes)
    {
        if (IsInOrder(changes))
        {
            return CollectionsMarshal.AsSpan(changes);
        }

        var sorted = new (TreeChange<T> Change, int Turn)[changes.Count];
        for (var i = 0; i < sorted.Length; i++)
        {
            sorted[i] = (changes[i], i);
        }

        Array.Sort(sorted, static (left, right) =>
            TOrder.Compare(left.Change.Item, right.Change.Item) is not 0 and var order
                ? order
                : left.Turn - right.Turn);
        var last = new TreeChange<T>[sorted.Length];
        var count = 0;
        for (var i = 0; i < sorted.Length; i++)
        {
            if (i + 1 == sorted.Length || TOrder.Compare(sorted[i].Change.Item, sorted[i + 1].Change.Item) != 0)
            {
                last[count++] = sorted[i].Change;
            }
        }

        return last.AsSpan(0, count);
    }

    private static bool IsInOrder(List<TreeChange<T>> changes)
    {
        for (var i = 1; i < changes.Count; i++)
        {
            if (TOrder.Compare(changes[i - 1].Item, changes[i].Item) >= 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Adds to a list what takes the place of a node, nodes of its height or none; itself when nothing changes in it.
    /// </summary>
    private static void Update(Node node, ReadOnlySpan<TreeChange<T>> changes, List<Node> nodes)
    {
        if (node.Items is not null)
        {
            UpdateItems(node, changes, nodes);
            return;
        }

        UpdateChildren(node, changes, nodes);
    }

    private static void UpdateItems(Node leaf, ReadOnlySpan<TreeChange<T>> changes, List<Node> nodes)
    {
        ReadOnlySpan<T> old = leaf.Items;
        var items = new T[old.Length + changes.Length];
        var (count, isChanged) = (0, false);
        foreach (var (item, isRemoval) in changes)
        {
            var before = LowerBound(old, new ItemProbe(item));
            old[..before].CopyTo(items.AsSpan(count));
            old = old[before..];
            count += before;
            var isThere = old.Length > 0 && TOrder.Compare(old[0], item) == 0;
            old = isThere ? old[1..] : old;
            if (!isRemoval)
            {
                items[count++] = item;
            }

            isChanged |= isThere || !isRemoval;
        }

        if (!isChanged)
        {
            nodes.Add(leaf);
            return;
        }

        old.CopyTo(items.AsSpan(count));
        AddLeaves(items, count + old.Length, nodes);
    }

    private static void AddLeaves(T[] items, int count, List<Node> nodes)
    {
        var parts = (count + MaxWidth - 1) / MaxWidth;
        for (var i = 0; i < parts; i++)
        {
            var (start, end) = (count * i / parts, count * (i + 1) / parts);
            nodes.Add(new Node(end - start == items.Length ? items : items[start..end]));
        }
    }

    private static void UpdateChildren(Node node, ReadOnlySpan<TreeChange<T>> changes, List<Node> nodes)
    {
        ReadOnlySpan<Node> old = node.Children;
        var (start, isChanged) = (nodes.Count, false);
        while (changes.Length > 0)
        {
            var at = ChildAt(old, new ItemProbe(changes[0].Item));
            nodes.AddRange(old[..at]);
            var own = at + 1 < old.Length ? CountBefore(changes, old[at + 1].First) : changes.Length;
            var first = nodes.Count;
            Update(old[at], changes[..own], nodes);
            if (nodes.Count != first + 1 || !ReferenceEquals(nodes[first], old[at]))
            {
                isChanged = true;
                JoinNarrow(nodes, start, nodes.Count - 1);
            }

            changes = changes[own..];
            old = old[(at + 1)..];
        }

        nodes.AddRange(old);
        if (!isChanged)
        {
            nodes.RemoveRange(start, nodes.Count - start);
            nodes.Add(node);
            return;
        }

        JoinNarrow(nodes, start, start);
        Pack(nodes, start);
    }

    /// <summary>Joins a narrow node to a neighbour, of those from a start on, if both fit into one.</summary>
    private static void JoinNarrow(List<Node> nodes, int start, int at)
    {
        var left = at > start ? at - 1 : at;
        if (at < start || left + 1 >= nodes.Count || nodes[at].Width >= MinWidth
            || nodes[left].Width + nodes[left + 1].Width > MaxWidth)
        {
            return;
        }

        var (first, second) = (nodes[left], nodes[left + 1]);
        nodes[left] = first.Items is { } items
            ? new Node([.. items, .. second.Items!])
            : new Node([.. first.Children!, .. second.Children!]);
        nodes.RemoveAt(left + 1);
    }

    /// <summary>Puts the nodes of a list from a start on below as few parents as there may be.</summary>
    private static void Pack(List<Node> nodes, int start)
    {
        var count = nodes.Count - start;
        var parts = (count + MaxWidth - 1) / MaxWidth;
        var all = CollectionsMarshal.AsSpan(nodes)[start..];
        for (var i = 0; i < parts; i++)
        {
            all[i] = new Node(all[(count * i / parts)..(count * (i + 1) / parts)].ToArray());
        }

        nodes.RemoveRange(start + parts, count - parts);
    }

    private static int CountBefore(ReadOnlySpan<TreeChange<T>> changes, T item)
    {
        var (low, high) = (0, changes.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (TOrder.Compare(changes[middle].Item, item) < 0)
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
}
