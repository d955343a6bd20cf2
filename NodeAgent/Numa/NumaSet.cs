using System.Numerics;

namespace OrleansOrchestrator.NodeAgent.Numa;

/// <summary>A set of NUMA nodes, of those that have numbers below 64. Pure.</summary>
/// <param name="Bits">The bit of each node's number.</param>
public readonly record struct NumaSet(ulong Bits)
{
    /// <summary>How many numbers there can be.</summary>
    public const int Limit = 64;

    public int Count => BitOperations.PopCount(Bits);

    /// <summary>The numbers, in order.</summary>
    public IReadOnlyList<int> Nodes
    {
        get
        {
            var bits = Bits;
            return [.. Enumerable.Range(0, Limit).Where(node => (bits >> node & 1) != 0)];
        }
    }

    public static NumaSet Of(IEnumerable<int> nodes) => new(nodes.Aggregate(0UL, static (bits, n) => bits | 1UL << n));

    public static NumaSet Of(params ReadOnlySpan<int> nodes) => Of(nodes.ToArray().AsEnumerable());

    /// <summary>All sets of these nodes that are not empty: the smallest first, and of one size in order.</summary>
    public static IEnumerable<NumaSet> AllOf(IReadOnlyList<int> nodes) =>
        Enumerable.Range(1, nodes.Count).SelectMany(size => Combinations(nodes, size)).Select(Of);

    /// <summary>All choices of so many of the items, in order.</summary>
    public static IEnumerable<IReadOnlyList<int>> Combinations(IReadOnlyList<int> items, int size, int first = 0)
    {
        if (size == 0)
        {
            yield return [];
            yield break;
        }

        for (var i = first; i <= items.Count - size; i++)
        {
            foreach (var rest in Combinations(items, size - 1, i + 1))
            {
                yield return [items[i], .. rest];
            }
        }
    }

    public bool Contains(int node) => (Bits >> node & 1) != 0;

    public bool Overlaps(NumaSet other) => (Bits & other.Bits) != 0;

    public bool IsSubsetOf(NumaSet other) => (Bits & ~other.Bits) == 0;

    public NumaSet And(NumaSet other) => new(Bits & other.Bits);

    /// <summary>It has fewer nodes, or as many with lower numbers.</summary>
    public bool IsNarrowerThan(NumaSet other) => Count == other.Count ? Bits < other.Bits : Count < other.Count;
}
