using Orleans.Concurrency;

namespace OrleansOrchestrator.Interfaces.Metrics;

/// <summary>What a node says of a container, of a pod as a whole, or of itself, at one moment.</summary>
[GenerateSerializer, Immutable, Alias("orch.usage-sample")]
public sealed record UsageSample
{
    /// <summary>The pod's; empty for a node.</summary>
    [Id(0)]
    public required string Namespace { get; init; }

    /// <summary>The pod's, or the node's.</summary>
    [Id(1)]
    public required string Name { get; init; }

    /// <summary>Empty for what is said of the pod as a whole, and for nodes.</summary>
    [Id(2)]
    public required string Container { get; init; }

    /// <summary>Who said it.</summary>
    [Id(3)]
    public required string Node { get; init; }

    /// <summary>
    /// Whose pod it is: kind and name of what keeps it running (<c>Deployment/web</c>); may be empty.
    /// </summary>
    [Id(4)]
    public string Owner { get; init; } = "";

    [Id(5)]
    public required DateTimeOffset Time { get; init; }

    /// <summary>When what is measured began; null where nobody says.</summary>
    [Id(6)]
    public DateTimeOffset? Start { get; init; }

    /// <summary>Time of the processor used since.</summary>
    [Id(7)]
    public double? CpuSeconds { get; init; }

    /// <summary>The working set.</summary>
    [Id(8)]
    public double? MemoryBytes { get; init; }

    /// <summary>Bytes since the start, as are the next three.</summary>
    [Id(9)]
    public double? NetworkReceived { get; init; }

    [Id(10)]
    public double? NetworkSent { get; init; }

    [Id(11)]
    public double? DiskRead { get; init; }

    [Id(12)]
    public double? DiskWritten { get; init; }

    /// <summary>How often the container began anew.</summary>
    [Id(13)]
    public int? Restarts { get; init; }
}

/// <summary>What all nodes said at about one time.</summary>
[GenerateSerializer, Immutable, Alias("orch.usage-round")]
public sealed record UsageRound
{
    /// <summary>Seconds from round to round: metrics-server's resolution.</summary>
    public const int PeriodSeconds = 15;

    /// <summary>Which round: time since Unix' epoch in periods. There is at most one of each number.</summary>
    [Id(0)]
    public required long Slot { get; init; }

    [Id(1)]
    public required IReadOnlyList<UsageSample> Samples { get; init; }

    /// <summary>Nodes that are made up, and need not be asked.</summary>
    [Id(2)]
    public required IReadOnlyList<string> Hollow { get; init; }

    public DateTimeOffset Time => DateTimeOffset.FromUnixTimeSeconds(Slot * PeriodSeconds);
}

/// <summary>
/// Asks the nodes for their figures, round by round, once for all silos, and keeps the history. One grain, of the name
/// <see cref="UsageGrainKey.Only"/>; it runs while somebody waits for its rounds, which every silo does.
/// </summary>
[Alias("orch.usage-grain")]
public interface IUsageGrain : IGrainWithStringKey
{
    /// <summary>
    /// The newest round after a given one, as soon as there is one; null after some time without.
    /// </summary>
    // Whoever waits keeps nobody else out: the wait touches nothing of the grain but its loop, which it starts at most
    // once, before the first await.
    [Alias("Next")]
    [AlwaysInterleave]
    Task<UsageRound?> NextAsync(long afterSlot, CancellationToken cancellationToken);
}

/// <summary>The key of <see cref="IUsageGrain"/>.</summary>
public static class UsageGrainKey
{
    /// <summary>There is one.</summary>
    public const string Only = "usage";
}

/// <summary>Asks all nodes.</summary>
public interface IUsageSource
{
    /// <summary>
    /// One round. Nodes that do not answer are left out; what fails for all of them is thrown.
    /// </summary>
    Task<UsageRound> AskAsync(long slot, CancellationToken cancellationToken);
}
