namespace OrleansOrchestrator.Api.Audit;

/// <summary>
/// What large events become (upstream's <c>audit/truncate</c>): one that is larger is kept without what was sent and
/// answered, and lost when it still is.
/// </summary>
public sealed record AuditTruncation
{
    public const int DefaultEventBytes = 102_400;
    public const int DefaultBatchBytes = 10_485_760;

    /// <summary>Bytes of an event.</summary>
    public int MaxEvent { get; init; } = DefaultEventBytes;

    /// <summary>Bytes of all events of a batch.</summary>
    public int MaxBatch { get; init; } = DefaultBatchBytes;
}
