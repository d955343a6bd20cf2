using System.Diagnostics.Metrics;

namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>What a request is at.</summary>
public enum RequestPhase
{
    /// <summary>It waits in a queue.</summary>
    Waiting,

    /// <summary>It is answered; a watch, until it has begun.</summary>
    Executing,
}

/// <summary>
/// How many requests wait and run on this server, those that read and those that write, and how many have for how long.
/// </summary>
public sealed class RequestPhases(TimeProvider time)
{
    internal static readonly double[] Bounds =
        [0, 0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1];

    private readonly Lock _lock = new();
    private readonly int[] _counts = new int[4];
    private readonly TimedRatio[] _times =
        [.. Enumerable.Range(0, 4).Select(_ => new TimedRatio(Bounds, time.GetTimestamp()))];

    /// <summary>A request comes to a phase (1), or leaves it (-1).</summary>
    public void Add(RequestPhase phase, bool isRead, int change)
    {
        var place = PlaceOf(phase, isRead);
        lock (_lock)
        {
            _times[place].Set(_counts[place] += change, time.GetTimestamp());
        }
    }

    /// <summary>How many requests are at a phase now, by what metrics call their kind.</summary>
    public IEnumerable<Measurement<int>> Counts(RequestPhase phase) => new[] { true, false }.Select(
        isRead => new Measurement<int>(
            Volatile.Read(ref _counts[PlaceOf(phase, isRead)]),
            new KeyValuePair<string, object?>("request_kind", UseMetrics.KindOf(isRead))));

    /// <summary>How many there were, for how long; upstream has it as parts of one.</summary>
    internal (double Sum, long[] Cumulative) Read(RequestPhase phase, bool isRead)
    {
        lock (_lock)
        {
            return _times[PlaceOf(phase, isRead)].Read(time.GetTimestamp(), time.TimestampFrequency);
        }
    }

    private static int PlaceOf(RequestPhase phase, bool isRead) => ((int)phase * 2) + (isRead ? 1 : 0);
}
