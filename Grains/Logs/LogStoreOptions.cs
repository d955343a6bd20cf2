namespace OrleansOrchestrator.Grains.Logs;

/// <summary>How long logs are kept, and how much of them.</summary>
public sealed record LogStoreOptions
{
    /// <summary>Older lines are dropped.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Bytes as they are stored; above it the oldest lines are dropped.</summary>
    public long MaxBytes { get; init; } = 2L * 1024 * 1024 * 1024;
}
