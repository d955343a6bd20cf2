using OrleansOrchestrator.Interfaces.Metrics;

namespace OrleansOrchestrator.Api.Usage;

/// <summary>How nodes are asked for their figures.</summary>
public sealed class UsageOptions
{
    /// <summary>From round to round: metrics-server's resolution.</summary>
    public TimeSpan Period { get; set; } = TimeSpan.FromSeconds(UsageRound.PeriodSeconds);

    /// <summary>When the grain that asks cannot be reached.</summary>
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long one node may take.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>So many nodes are asked at a time.</summary>
    public int Parallelism { get; set; } = 32;

    /// <summary>Longer answers are left out: some 100,000 series.</summary>
    public int MaxAnswerBytes { get; set; } = 16 * 1024 * 1024;
}
