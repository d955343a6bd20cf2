namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>
/// Periods that pods state in seconds, many of them without a bound. One below zero is none, and one beyond 68 years
/// counts as that, as for the API.
/// </summary>
public static class Periods
{
    private const long MaxSeconds = int.MaxValue;

    /// <summary>No timer goes further than 49.7 days.</summary>
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(49);

    public static TimeSpan Of(long seconds) => TimeSpan.FromSeconds(Math.Clamp(seconds, 0, MaxSeconds));

    /// <summary>As much of a period as a timer can wait.</summary>
    public static TimeSpan ForTimer(TimeSpan period) => period < LongestTimer ? period : LongestTimer;
}
