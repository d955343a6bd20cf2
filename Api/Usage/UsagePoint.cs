using OrleansOrchestrator.Interfaces.Metrics;

namespace OrleansOrchestrator.Api.Usage;

/// <summary>What a node says of a container, or of itself, at one moment.</summary>
/// <param name="Time">When it was measured.</param>
/// <param name="Start">When what is measured began; null where nobody says.</param>
/// <param name="CpuSeconds">Time of the processor used since.</param>
/// <param name="MemoryBytes">The working set.</param>
internal sealed record UsagePoint(DateTimeOffset Time, DateTimeOffset? Start, double CpuSeconds, double MemoryBytes);

/// <summary>
/// The last point, and the one to which it is compared. The rules are metrics-server's: a rate needs two points of one
/// run; a container that is so young that there was none in time is compared to its start.
/// </summary>
internal sealed record UsagePair(UsagePoint Last, UsagePoint? Previous)
{
    /// <summary>A container younger than this tells nothing yet.</summary>
    private static readonly TimeSpan LeastAge = TimeSpan.FromSeconds(10);

    private const double NanosPerUnit = 1e9;

    /// <summary>Over which time the rate is.</summary>
    public TimeSpan Window => Previous is null ? TimeSpan.Zero : Last.Time - Previous.Time;

    /// <summary>The rate; null while there is none.</summary>
    public ResourceUsage? Usage => Previous is { } before && Last.Time > before.Time
        && Last.CpuSeconds >= before.CpuSeconds
            ? new ResourceUsage(
                (long)((Last.CpuSeconds - before.CpuSeconds) / Window.TotalSeconds * NanosPerUnit),
                (long)Last.MemoryBytes)
            : null;

    /// <summary>The pair after one more point.</summary>
    public static UsagePair Next(UsagePair? pair, UsagePoint point, TimeSpan period) =>
        pair is null || point.Start > pair.Last.Time ? new UsagePair(point, StartOf(point, period))
        : point.Time > pair.Last.Time ? new UsagePair(point, pair.Last)
        : pair;

    private static UsagePoint? StartOf(UsagePoint point, TimeSpan period) =>
        point.Start is { } start && point.Time - start is var age && age >= LeastAge && age < period + LeastAge
            ? point with { Time = start, CpuSeconds = 0 }
            : null;
}
