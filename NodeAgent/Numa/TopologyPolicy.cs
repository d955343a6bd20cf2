namespace OrleansOrchestrator.NodeAgent.Numa;

/// <summary>What becomes of a pod whose resources cannot come from the nodes that would be best.</summary>
public enum TopologyPolicy
{
    /// <summary>Nodes do not matter.</summary>
    None,

    /// <summary>It runs all the same.</summary>
    BestEffort,

    /// <summary>It is refused.</summary>
    Restricted,

    /// <summary>It is refused, and also where one node is not enough.</summary>
    SingleNumaNode,
}
