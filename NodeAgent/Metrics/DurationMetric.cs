using System.Collections.Concurrent;
using System.Globalization;

namespace OrleansOrchestrator.NodeAgent.Metrics;

/// <summary>How long something takes, as a histogram for each kind of it.</summary>
/// <param name="name">The series' name.</param>
/// <param name="help">What it means.</param>
/// <param name="bounds">Upper bounds of the buckets, in its unit.</param>
/// <param name="labels">The labels that tell kinds apart; none where there is one kind only.</param>
public sealed class DurationMetric(string name, string help, double[] bounds, params string[] labels)
{
    /// <summary>The bounds that clients of Prometheus have unless told otherwise.</summary>
    public static readonly double[] UsualBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    // Kinds are names in the code, so there are few.
    private readonly ConcurrentDictionary<MetricKind, Counts> _kinds = new();

    /// <summary>What is counted in: seconds, unless the series' name says otherwise.</summary>
    public TimeSpan Unit { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>It took so long.</summary>
    /// <param name="took">How long.</param>
    /// <param name="values">Of the labels, in their order.</param>
    public void Record(TimeSpan took, params ReadOnlySpan<string> values)
    {
        var counts = _kinds.GetOrAdd(
            MetricKind.Of(values), static (_, length) => new Counts(length), bounds.Length);
        var bucket = Array.FindIndex(bounds, bound => took / Unit <= bound);
        lock (counts)
        {
            counts.Count++;
            counts.Sum += took / Unit;
            if (bucket >= 0)
            {
                counts.Buckets[bucket]++;
            }
        }
    }

    public void Write(MetricsText text)
    {
        text.Family(name, "histogram", help);
        foreach (var (kind, counts) in _kinds.OrderBy(static k => k.Key.Values, StringComparer.Ordinal))
        {
            lock (counts)
            {
                Write(text, counts, kind.Labels(labels));
            }
        }
    }

    private void Write(MetricsText text, Counts counts, (string, string)[] labels)
    {
        var sum = 0L;
        for (var i = 0; i < bounds.Length; i++)
        {
            sum += counts.Buckets[i];
            var bound = bounds[i].ToString(CultureInfo.InvariantCulture);
            text.Sample($"{name}_bucket", sum, null, [.. labels, ("le", bound)]);
        }

        text.Sample($"{name}_bucket", counts.Count, null, [.. labels, ("le", "+Inf")]);
        text.Sample($"{name}_sum", counts.Sum, null, labels);
        text.Sample($"{name}_count", counts.Count, null, labels);
    }

    private sealed class Counts(int buckets)
    {
        public long Count { get; set; }

        public double Sum { get; set; }

        public long[] Buckets { get; } = new long[buckets];
    }
}
