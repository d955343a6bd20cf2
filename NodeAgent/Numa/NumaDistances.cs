namespace OrleansOrchestrator.NodeAgent.Numa;

/// <summary>
/// How far each NUMA node's memory is from each node's CPUs, in the firmware's units (10 is its own).
/// </summary>
/// <param name="ByNode">Of each node, its distances to all, in the order of their numbers.</param>
public sealed record NumaDistances(IReadOnlyDictionary<int, IReadOnlyList<int>> ByNode)
{
    public NumaSet All { get; } = NumaSet.Of(ByNode.Keys);

    /// <summary>From each of the nodes to each, on average.</summary>
    public double Average(NumaSet nodes)
    {
        var order = ByNode.Keys.Order().ToList();
        return nodes.Nodes.SelectMany(from => nodes.Nodes.Select(to => ByNode[from][order.IndexOf(to)])).Average();
    }
}
