namespace OrleansOrchestrator.NodeAgent.Numa;

/// <summary>NUMA nodes from which a resource could be given.</summary>
/// <param name="Nodes">Null where it does not matter.</param>
/// <param name="IsPreferred">There is no smaller set from which it could ever be given.</param>
public readonly record struct TopologyHint(NumaSet? Nodes, bool IsPreferred)
{
    /// <summary>Any nodes are as good.</summary>
    public static readonly TopologyHint Any = new(null, IsPreferred: true);

    /// <summary>No nodes will do.</summary>
    public static readonly TopologyHint None = new(null, IsPreferred: false);
}

/// <summary>
/// By resource, from which nodes it could be given: null where that does not matter, nothing where there are none.
/// </summary>
public sealed class TopologyHints : SortedDictionary<string, IReadOnlyList<TopologyHint>?>
{
    public TopologyHints()
        : base(StringComparer.Ordinal)
    {
    }
}
