using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>One of <c>topologySpreadConstraints</c>.</summary>
public sealed record SpreadConstraint
{
    /// <summary>Label of nodes; nodes with one value of it are one domain.</summary>
    public required string TopologyKey { get; init; }

    /// <summary>Which pods of the namespace are counted.</summary>
    public required LabelSelector Selector { get; init; }

    /// <summary>How many more than in the emptiest domain there may be.</summary>
    public required int MaxSkew { get; init; }

    /// <summary>With fewer domains than this the emptiest counts as empty.</summary>
    public required int MinDomains { get; init; }

    /// <summary><c>DoNotSchedule</c>; otherwise the constraint only prefers.</summary>
    public required bool IsHard { get; init; }

    /// <summary>Nodes that the pod's own selector and affinity exclude are no domains.</summary>
    public required bool HonorsAffinity { get; init; }

    /// <summary>Nodes with taints that the pod does not tolerate are no domains.</summary>
    public required bool HonorsTaints { get; init; }

    /// <summary>True when a node, with the pods on it, counts for a pod.</summary>
    public bool Includes(PodInfo pod, NodeInfo node) =>
        (!HonorsAffinity || pod.Selects(node)) && (!HonorsTaints || pod.Shape.ToleratesAll(node.Taints));
}
