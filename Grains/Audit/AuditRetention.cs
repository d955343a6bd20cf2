namespace OrleansOrchestrator.Grains.Audit;

/// <summary>
/// How much of the audit PostgreSQL keeps: whatever is older than the time or beyond the number goes.
/// </summary>
/// <param name="Time">At least this long, unless the number is reached.</param>
/// <param name="Events">About this many; at some 1.2 KB each.</param>
public sealed record AuditRetention(TimeSpan Time, long Events)
{
    /// <summary>About 1 GB at most.</summary>
    public const long DefaultEvents = 1_000_000;

    /// <summary>In how many steps it moves on.</summary>
    public int Segments { get; init; } = 8;
}
