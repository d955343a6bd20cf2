using System.Text.Json;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>
/// What apply makes of an object: its fields together with those of the configuration, whose values win. Nothing is
/// removed. A list keeps the order of the configuration's elements; those that only the object has stay where they are
/// between them.
/// </summary>
internal sealed class TypedMerge
{
    private readonly JsonBuffer _output = new();

    private TypedMerge()
    {
    }

    /// <summary>The merged object.</summary>
    /// <param name="live">The object.</param>
    /// <param name="applied">The configuration, which was checked.</param>
    /// <param name="type">What both are.</param>
    public static ReadOnlyMemory<byte> Of(JsonElement live, JsonElement applied, OwnedType type)
    {
        var merge = new TypedMerge();
        merge.Merge(live, applied, type);
        return merge._output.Written;
    }

    private void Merge(JsonElement left, JsonElement right, OwnedType type)
    {
        switch (right.IsAbsent() ? type.KindOf(left) : type.KindOf(right))
        {
            case OwnedKind.Map when !type.Map!.IsAtomic && !(left.IsEmptyMap() && right.IsEmptyMap()):
                MergeMaps(left, right, type.Map);
                break;
            case OwnedKind.List when !type.List!.IsAtomic && !(left.IsEmptyList() && right.IsEmptyList()):
                MergeLists(left, right, type.List);
                break;
            default:
                _output.Write(right.IsAbsent() ? left : right);
                break;
        }
    }

    private void MergeMaps(JsonElement left, JsonElement right, OwnedMap type)
    {
        _output.Write("{"u8);
        var start = _output.Position;
        var pairs = new PropertyPairs(left, right);
        while (pairs.MoveNext())
        {
            var field = type.Find(pairs.Property);
            if ((field?.Type ?? type.Elements) is { } child)
            {
                _output.Separate(start);
                _output.WriteName(pairs.Property);
                Merge(pairs.Left, pairs.Right, child);
            }
        }

        _output.Write("}"u8);
    }

    /// <summary>
    /// Goes through both lists side by side: elements of both come as the right has them, and those of the left alone
    /// before the shared one that they stood before.
    /// </summary>
    private void MergeLists(JsonElement left, JsonElement right, OwnedList type)
    {
        var (lefts, rights) = (new ListItems(left, type), new ListItems(right, type));
        _output.Write("["u8);
        var start = _output.Position;
        var shared = new Queue<PathElement>(
            Enumerable.Range(0, rights.Count).Select(rights.ElementAt).Where(e => lefts.IndexOf(e) >= 0));
        var merged = new HashSet<PathElement>();
        var (l, r) = (0, 0);
        while (l < lefts.Count || r < rights.Count)
        {
            var leftNext = l < lefts.Count ? lefts.ElementAt(l) : null;
            var rightNext = r < rights.Count ? rights.ElementAt(r) : null;
            if (leftNext is not null && rights.IndexOf(leftNext) < 0)
            {
                MergeItem(lefts.ItemAt(l++), default);
                continue;
            }

            if (leftNext is not null && leftNext != rightNext)
            {
                if (rightNext is not null && shared.TryPeek(out var turn) && turn != leftNext)
                {
                    l++;
                    continue;
                }

                l += merged.Contains(leftNext) ? 1 : 0;
            }

            if (rightNext is not null)
            {
                l += leftNext == rightNext ? 1 : 0;
                merged.Add(rightNext);
                MergeItem(ItemOf(lefts, rightNext), rights.ItemAt(r++));
                if (shared.TryPeek(out var done) && done == rightNext)
                {
                    shared.Dequeue();
                }
            }
        }

        _output.Write("]"u8);

        void MergeItem(JsonElement leftItem, JsonElement rightItem)
        {
            _output.Separate(start);
            Merge(leftItem, rightItem, type.Items);
        }
    }

    /// <summary>Several elements under one step are not merged with the one that replaces them.</summary>
    private static JsonElement ItemOf(ListItems items, PathElement element) =>
        items.HasDuplicates && items.All(element).Count > 1 ? TypedJson.Null
        : items.IndexOf(element) is >= 0 and var at ? items.ItemAt(at) : default;
}
