using OrleansOrchestrator.Api.Remote;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>A server that events are sent to; upstream's defaults.</summary>
public sealed record AuditWebhookOptions
{
    public required RemoteTarget Target { get; init; }

    /// <summary>How long the first repetition of a failed request waits.</summary>
    public TimeSpan InitialBackoff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Events that may wait to be sent.</summary>
    public int Buffer { get; init; } = 10_000;

    /// <summary>Events that are sent at once.</summary>
    public int MaxBatch { get; init; } = 400;

    /// <summary>How long a batch that is not full waits for more.</summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Batches that are sent a second, on average; null for any number.</summary>
    public double? BatchesPerSecond { get; init; } = 10;

    /// <summary>Batches that are sent at once when few were before.</summary>
    public int Burst { get; init; } = 15;
}
