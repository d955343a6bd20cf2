using OrleansOrchestrator.Bench.Network;

namespace OrleansOrchestrator.Bench.Node;

/// <summary>What a cluster with one real node takes.</summary>
public sealed record NodeFigures
{
    /// <summary>From <c>orc up</c> on an empty data directory until it says that the node is Ready.</summary>
    public required TimeSpan Up { get; init; }

    /// <summary>The first pod of the node, image present: create until Running.</summary>
    public required TimeSpan FirstPod { get; init; }

    /// <summary>The pods after it, one at a time: create until Running.</summary>
    public required Spread PodStart { get; init; }

    /// <summary>What runs when nobody uses the cluster, by part.</summary>
    public required IReadOnlyDictionary<string, IdlePart> Idle { get; init; }

    public string Load { get; init; } = "";

    /// <summary>Silo and node agent, which are ours.</summary>
    public IdlePart Ours => new(
        Idle[NodeMeter.Silo].CpuPercent + Idle[NodeMeter.Agent].CpuPercent, Idle[NodeMeter.Silo].Megabytes + Idle[NodeMeter.Agent].Megabytes);
}

/// <summary>A process and its children at rest.</summary>
/// <param name="CpuPercent">Of one core.</param>
/// <param name="Megabytes">Private memory.</param>
public sealed record IdlePart(double CpuPercent, double Megabytes);
