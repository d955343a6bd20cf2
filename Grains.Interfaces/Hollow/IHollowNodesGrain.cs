namespace OrleansOrchestrator.Interfaces.Hollow;

/// <summary>
/// Plays a whole fleet of simulated nodes: registers them, renews their leases, and reports the pods bound to them as
/// running. The key is the name prefix of the nodes, so that one cluster may have several fleets.
/// </summary>
[Alias("orch.hollow-nodes-grain")]
public interface IHollowNodesGrain : IGrainWithStringKey
{
    /// <summary>
    /// Starts the fleet with these settings (starts over when they changed), and keeps the activation alive.
    /// </summary>
    [Alias("EnsureRunning")]
    Task EnsureRunningAsync(HollowNodeSettings settings);
}

/// <summary>What a fleet of hollow nodes looks like and how its pods behave.</summary>
[GenerateSerializer, Immutable, Alias("orch.hollow-node-settings")]
public sealed record HollowNodeSettings
{
    public const string DefaultPrefix = "hollow-node-";

    /// <summary>Number of nodes; 0 for none.</summary>
    [Id(0)]
    public int Count { get; init; }

    /// <summary>Nodes are called prefix plus 0, 1, 2 …</summary>
    [Id(1)]
    public string NamePrefix { get; init; } = DefaultPrefix;

    /// <summary>Capacity of each node, as a Kubernetes quantity.</summary>
    [Id(2)]
    public string Cpu { get; init; } = "32";

    [Id(3)]
    public string Memory { get; init; } = "256Gi";

    [Id(4)]
    public string EphemeralStorage { get; init; } = "1Ti";

    /// <summary>How many pods a node takes; at most <see cref="MaxPodsPerNode"/>.</summary>
    [Id(5)]
    public int PodsPerNode { get; init; } = 110;

    /// <summary>From being bound to running.</summary>
    [Id(6)]
    public TimeSpan StartDelay { get; init; }

    /// <summary>From the request to delete to being gone, if the grace period allows it.</summary>
    [Id(7)]
    public TimeSpan TerminationDelay { get; init; }

    /// <summary>Every node has a /24 for its pods, without network and broadcast address.</summary>
    public const int MaxPodsPerNode = 254;
}
