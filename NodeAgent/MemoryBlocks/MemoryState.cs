using System.Collections.Immutable;
using OrleansOrchestrator.NodeAgent.Numa;
using Blocks = System.Collections.Immutable.ImmutableList<OrleansOrchestrator.NodeAgent.MemoryBlocks.MemoryBlock>;

namespace OrleansOrchestrator.NodeAgent.MemoryBlocks;

/// <summary>Memory of one type that a container has.</summary>
/// <param name="Nodes">Of which NUMA nodes it is.</param>
/// <param name="Type">The resource: <c>memory</c>, or huge pages of a size.</param>
/// <param name="Bytes">How much; of what a later container uses again, nothing.</param>
public sealed record MemoryBlock(NumaSet Nodes, string Type, long Bytes);

/// <summary>How much of one type of memory a node has, in bytes.</summary>
/// <param name="Total">All of it.</param>
/// <param name="SystemReserved">What is kept from pods.</param>
/// <param name="Allocatable">What pods can have.</param>
/// <param name="Reserved">What they have.</param>
public sealed record MemoryTable(long Total, long SystemReserved, long Allocatable, long Reserved)
{
    public static readonly MemoryTable Nothing = new(0, 0, 0, 0);

    public long Free => Allocatable - Reserved;
}

/// <summary>What a NUMA node has and what is given of it.</summary>
/// <param name="Assignments">How many blocks are of it.</param>
/// <param name="Cells">
/// With which nodes it gives memory: with itself alone, or with others and then never alone.
/// </param>
/// <param name="Tables">By type.</param>
public sealed record MemoryNode(int Assignments, NumaSet Cells, ImmutableSortedDictionary<string, MemoryTable> Tables)
{
    public MemoryTable Of(string type) => Tables.GetValueOrDefault(type, MemoryTable.Nothing);

    /// <summary>A block is of these nodes from now on, of which this one gives so much.</summary>
    public MemoryNode Give(NumaSet nodes, string type, long bytes) => new(
        Assignments + 1, nodes, bytes == 0 ? Tables : Tables.SetItem(type, Add(type, bytes)));

    /// <summary>A block is no more, of which this one, with that number, had given so much.</summary>
    public MemoryNode TakeBack(int number, string type, long bytes) => new(
        Assignments - 1, Assignments == 1 ? NumaSet.Of(number) : Cells,
        bytes == 0 ? Tables : Tables.SetItem(type, Add(type, -bytes)));

    private MemoryTable Add(string type, long bytes) => Of(type) with { Reserved = Of(type).Reserved + bytes };
}

/// <summary>Who has which memory, and what is left. Immutable.</summary>
/// <param name="Nodes">By their numbers.</param>
/// <param name="Assigned">By pods' uids and names of containers.</param>
public sealed record MemoryState(
    ImmutableSortedDictionary<int, MemoryNode> Nodes,
    ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, Blocks>> Assigned)
{
    public static readonly MemoryState None = new(
        ImmutableSortedDictionary<int, MemoryNode>.Empty,
        ImmutableSortedDictionary.Create<string, ImmutableSortedDictionary<string, Blocks>>(StringComparer.Ordinal));

    private static readonly ImmutableSortedDictionary<string, Blocks> Nobody =
        ImmutableSortedDictionary.Create<string, Blocks>(StringComparer.Ordinal);

    /// <summary>What a container has; null for nothing.</summary>
    public Blocks? Of(string uid, string container) =>
        Assigned.GetValueOrDefault(uid, Nobody).GetValueOrDefault(container);

    /// <summary>What all of the nodes have of a type.</summary>
    public long Sum(NumaSet nodes, string type, Func<MemoryTable, long> amount) =>
        nodes.Nodes.Sum(node => amount(Nodes[node].Of(type)));

    public MemoryState With(string uid, string container, Blocks blocks) => this with
    {
        Assigned = Assigned.SetItem(uid, Assigned.GetValueOrDefault(uid, Nobody).SetItem(container, blocks)),
    };

    /// <summary>A block begins, of which so much is new: the first of its nodes give all that they have.</summary>
    public MemoryState Give(MemoryBlock block, long bytes)
    {
        var nodes = Nodes;
        foreach (var number in block.Nodes.Nodes)
        {
            var given = Math.Min(bytes, nodes[number].Of(block.Type).Free);
            nodes = nodes.SetItem(number, nodes[number].Give(block.Nodes, block.Type, given));
            bytes -= given;
        }

        return this with { Nodes = nodes };
    }

    /// <summary>A pod has ended: what its containers had is free.</summary>
    public MemoryState Release(string uid)
    {
        var nodes = Nodes;
        foreach (var block in Assigned.GetValueOrDefault(uid, Nobody).Values.SelectMany(static b => b))
        {
            var bytes = block.Bytes;
            foreach (var number in block.Nodes.Nodes)
            {
                var back = Math.Min(bytes, nodes[number].Of(block.Type).Reserved);
                nodes = nodes.SetItem(number, nodes[number].TakeBack(number, block.Type, back));
                bytes -= back;
            }
        }

        return new MemoryState(nodes, Assigned.Remove(uid));
    }
}
