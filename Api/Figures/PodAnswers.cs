namespace OrleansOrchestrator.Api.Figures;

/// <summary>What is known of one pod.</summary>
/// <param name="Before">What it told before it told the last; null when it did once, or never.</param>
/// <param name="Last">What it told last; null when it never did.</param>
/// <param name="IsSilent">It has not answered for so long that what it told stands for nothing any more.</param>
internal readonly record struct PodAnswers(PodScrape? Before, PodScrape? Last, bool IsSilent);
