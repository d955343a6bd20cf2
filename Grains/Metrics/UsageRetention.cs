namespace OrleansOrchestrator.Grains.Metrics;

/// <summary>How long what was used is kept, and how much of it.</summary>
public sealed record UsageRetention
{
    /// <summary>Older points are dropped, however coarse; finer ones go sooner by themselves.</summary>
    public TimeSpan Kept { get; init; } = TimeSpan.FromDays(90);

    /// <summary>What the packed blocks may take; beyond it the oldest of the finest level go first.</summary>
    public long MaxBytes { get; init; } = 2L * 1024 * 1024 * 1024;
}
