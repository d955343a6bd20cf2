namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// How many nodes where room can be made are enough to choose from: upstream's DefaultPreemptionArgs.
/// </summary>
/// <param name="MinPercentage">Of more nodes this part is enough, in percent.</param>
/// <param name="MinCandidates">So many are enough in any case.</param>
public sealed record PreemptionLimits(int MinPercentage = 10, int MinCandidates = 100)
{
    /// <summary>As many of so many nodes.</summary>
    public int Of(int nodes) => Math.Min(nodes, Math.Max(MinCandidates, (int)((long)nodes * MinPercentage / 100)));
}
