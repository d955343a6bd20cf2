namespace OrleansOrchestrator.Api.Audit;

/// <summary>How events get to where they are kept.</summary>
public sealed record AuditDelivery
{
    public AuditMode Mode { get; init; }

    /// <summary>Events that may wait.</summary>
    public int Buffer { get; init; } = 10_000;

    /// <summary>Events that are delivered at once.</summary>
    public int MaxBatch { get; init; } = 400;

    /// <summary>How long a batch that is not full waits for more.</summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Batches that are delivered a second, on average; null for any number.</summary>
    public double? BatchesPerSecond { get; init; } = 10;

    /// <summary>Batches that are delivered at once when few were before.</summary>
    public int Burst { get; init; } = 15;

    /// <summary>What large events become; null leaves them.</summary>
    public AuditTruncation? Truncation { get; init; }

    /// <summary>Upstream's for a file: each event by itself, and requests wait.</summary>
    public static AuditDelivery OfLog { get; } =
        new() { Mode = AuditMode.Blocking, MaxBatch = 1, MaxWait = TimeSpan.Zero, BatchesPerSecond = null };
}
