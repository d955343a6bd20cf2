namespace OrleansOrchestrator.Api.Figures;

/// <summary>How pods are asked for figures, and how much of what they tell a silo keeps.</summary>
public sealed class FigureOptions
{
    /// <summary>What was told is good for so long: less than the time from one look of an autoscaler to the next.
    /// </summary>
    public TimeSpan Freshness { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>What a pod told last stands for so long while it does not answer: three looks of an autoscaler.
    /// </summary>
    public TimeSpan Grace { get; set; } = TimeSpan.FromSeconds(45);

    /// <summary>What nobody asked for in so long is forgotten.</summary>
    public TimeSpan Memory { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long one pod may take.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>So many pods are asked at a time, whoever wants to know.</summary>
    public int Parallelism { get; set; } = 32;

    /// <summary>A question about more pods than this is refused.</summary>
    public int MaxPods { get; set; } = 1000;

    /// <summary>Longer answers of a pod count as none.</summary>
    public int MaxAnswerBytes { get; set; } = 1024 * 1024;

    /// <summary>Answers with more series that somebody wants count as none.</summary>
    public int MaxSeries { get; set; } = 5000;

    /// <summary>So many different figures are wanted at a time.</summary>
    public int MaxFigures { get; set; } = 500;

    /// <summary>So many pods are known at a time.</summary>
    public int MaxKeptPods { get; set; } = 4000;

    /// <summary>So many series of all pods are kept together: some 50 MB.</summary>
    public int MaxKeptSeries { get; set; } = 200_000;
}
