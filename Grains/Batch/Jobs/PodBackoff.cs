namespace OrleansOrchestrator.Grains.Batch.Jobs;

/// <summary>How often pods of a Job failed since one succeeded: what the delay of the next pod grows with.</summary>
/// <param name="Failures">In a row.</param>
/// <param name="LastFailure">When the last of them ended; without meaning when there is none.</param>
public readonly record struct PodBackoff(int Failures, DateTimeOffset LastFailure)
{
    /// <summary>Delay after the first failure; each further one doubles it.</summary>
    public static readonly TimeSpan First = TimeSpan.FromSeconds(10);

    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <summary>Takes notice of pods that ended since, given by their times of ending.</summary>
    public PodBackoff Next(IReadOnlyCollection<DateTimeOffset> succeeded, IReadOnlyCollection<DateTimeOffset> failed)
    {
        if (succeeded.Count == 0)
        {
            return failed.Count == 0 ? this : new PodBackoff(Failures + failed.Count, failed.Max());
        }

        var lastSuccess = succeeded.Max();
        var later = failed.Where(f => f > lastSuccess).ToList();
        return later.Count == 0 ? default : new PodBackoff(later.Count, later.Max());
    }

    /// <summary>How long the next pod has to wait.</summary>
    public TimeSpan Remaining(DateTimeOffset now)
    {
        if (Failures == 0)
        {
            return TimeSpan.Zero;
        }

        var delay = First;
        for (var i = 1; i < Failures && delay < Longest; i++)
        {
            delay *= 2;
        }

        var left = (delay < Longest ? delay : Longest) - (now - LastFailure);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
