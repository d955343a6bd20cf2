using OrleansOrchestrator.Interfaces.Metrics;

namespace OrleansOrchestrator.Grains.Metrics;

/// <summary>
/// How fine the history is, and for how long. Each level is made of the one before, block by block: first of the rounds
/// themselves, then of blocks of points.
/// </summary>
/// <param name="Number">Its number in the database.</param>
/// <param name="Step">From point to point.</param>
/// <param name="Block">What is packed together: one row for each container in this time.</param>
/// <param name="Kept">How long blocks are kept.</param>
internal sealed record UsageLevel(short Number, TimeSpan Step, TimeSpan Block, TimeSpan Kept)
{
    public static readonly UsageLevel Rounds = new(
        0, TimeSpan.FromSeconds(UsageRound.PeriodSeconds), TimeSpan.FromHours(1), TimeSpan.FromHours(25));

    public static readonly UsageLevel Minutes = new(
        1, TimeSpan.FromMinutes(1), TimeSpan.FromHours(6), TimeSpan.FromDays(7));

    public static readonly UsageLevel TenMinutes = new(
        2, TimeSpan.FromMinutes(10), TimeSpan.FromDays(1), TimeSpan.FromDays(90));

    /// <summary>From the finest on.</summary>
    public static readonly IReadOnlyList<UsageLevel> All = [Rounds, Minutes, TenMinutes];

    /// <summary>Points of a block.</summary>
    public int Points => (int)(Block / Step);

    /// <summary>The begin of the block in which a moment lies.</summary>
    public DateTimeOffset BlockOf(DateTimeOffset time) => Floor(time, Block);

    /// <summary>The moment, or the last one before it, that is a whole number of spans from Unix' epoch.</summary>
    public static DateTimeOffset Floor(DateTimeOffset time, TimeSpan span)
    {
        var since = (time - DateTimeOffset.UnixEpoch).Ticks;
        return DateTimeOffset.UnixEpoch.AddTicks(since - (((since % span.Ticks) + span.Ticks) % span.Ticks));
    }

    /// <summary>
    /// Makes points coarser: each is the mean of those that are known of its part; of restarts, which only grow, the
    /// last.
    /// </summary>
    public static void Coarsen(ReadOnlySpan<long?> fine, Span<long?> coarse, UsageMetric metric)
    {
        var part = fine.Length / coarse.Length;
        for (var i = 0; i < coarse.Length; i++)
        {
            coarse[i] = metric == UsageMetric.Restarts
                ? Last(fine.Slice(i * part, part))
                : Mean(fine.Slice(i * part, part));
        }
    }

    private static long? Mean(ReadOnlySpan<long?> values)
    {
        var (sum, count) = (0.0, 0);
        foreach (var value in values)
        {
            sum += value ?? 0;
            count += value is null ? 0 : 1;
        }

        return count == 0 ? null : (long)Math.Round(sum / count);
    }

    private static long? Last(ReadOnlySpan<long?> values)
    {
        for (var i = values.Length - 1; i >= 0; i--)
        {
            if (values[i] is { } value)
            {
                return value;
            }
        }

        return null;
    }
}
