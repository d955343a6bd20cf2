namespace OrleansOrchestrator.Api.Figures;

/// <summary>How pods are asked for figures.</summary>
public sealed class FigureOptions
{
    /// <summary>What was told is good for so long: less than the time from one look of an autoscaler to the next.
    /// </summary>
    public TimeSpan Freshness { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>What nobody asked for in so long is forgotten.</summary>
    public TimeSpan Memory { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long one pod may take.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>So many pods are asked at a time.</summary>
    public int Parallelism { get; set; } = 32;

    /// <summary>A question about more pods than this is refused.</summary>
    public int MaxPods { get; set; } = 1000;

    /// <summary>Longer answers of a pod count as none.</summary>
    public int MaxAnswerBytes { get; set; } = 1024 * 1024;

    /// <summary>Of a longer answer the first so many series count.</summary>
    public int MaxSeries { get; set; } = 5000;
}
