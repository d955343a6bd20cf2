namespace OrleansOrchestrator.Formats;

/// <summary>
/// Periods that users state in seconds, many of them without a bound, and pauses. A period below zero is none, and one
/// beyond <see cref="MaxSeconds"/> (68 years) counts as that: what was asked stays written, and no moment is out of
/// reach. Upstream's arithmetic wraps around beyond 292 years, so that such a period would be over before it begins.
/// </summary>
public static class Periods
{
    public const long MaxSeconds = int.MaxValue;

    /// <summary>No timer goes further than 49.7 days.</summary>
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(49);

    public static TimeSpan Of(long seconds) => TimeSpan.FromSeconds(Math.Clamp(seconds, 0, MaxSeconds));

    /// <summary>The end of a period; users state moments too, the last one among them.</summary>
    public static DateTimeOffset After(DateTimeOffset moment, long seconds) =>
        DateTimeOffset.MaxValue - moment < Of(seconds) ? DateTimeOffset.MaxValue : moment + Of(seconds);

    /// <summary>How long to wait after one more failure: twice as long as before, within a bound.</summary>
    public static TimeSpan AfterAnother(TimeSpan pause, TimeSpan longest) =>
        pause < longest / 2 ? pause * 2 : longest;

    /// <summary>As much of a period as a timer can wait.</summary>
    public static TimeSpan ForTimer(TimeSpan period) => period < LongestTimer ? period : LongestTimer;
}
