using System.Collections.Concurrent;
using System.Globalization;

namespace OrleansOrchestrator.NodeAgent.Metrics;

/// <summary>How long something takes, as a histogram for each kind of it.</summary>
/// <param name="name">The series' name.</param>
/// <param name="help">What it means.</param>
/// <param name="label">The label that tells kinds apart; null where there is one kind only.</param>
/// <param name="boundsSeconds">Upper bounds of the buckets.</param>
public sealed class DurationMetric(string name, string help, string? label, double[] boundsSeconds)
{
    /// <summary>The bounds that clients of Prometheus have unless told otherwise.</summary>
    public static readonly double[] UsualBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    // Kinds are names in the code, so there are few.
    private readonly ConcurrentDictionary<string, Counts> _kinds = new(StringComparer.Ordinal);

    public void Record(TimeSpan took, string kind = "")
    {
        var counts = _kinds.GetOrAdd(kind, static (_, length) => new Counts(length), boundsSeconds.Length);
        var bucket = Array.FindIndex(boundsSeconds, bound => took.TotalSeconds <= bound);
        lock (counts)
        {
            counts.Count++;
            counts.Seconds += took.TotalSeconds;
            if (bucket >= 0)
            {
                counts.Buckets[bucket]++;
            }
        }
    }

    public void Write(MetricsText text)
    {
        text.Family(name, "histogram", help);
        foreach (var (kind, counts) in _kinds.OrderBy(static k => k.Key, StringComparer.Ordinal))
        {
            (string, string)[] labels = label is null ? [] : [(label, kind)];
            lock (counts)
            {
                Write(text, counts, labels);
            }
        }
    }

    private void Write(MetricsText text, Counts counts, (string, string)[] labels)
    {
        var sum = 0L;
        for (var i = 0; i < boundsSeconds.Length; i++)
        {
            sum += counts.Buckets[i];
            var bound = boundsSeconds[i].ToString(CultureInfo.InvariantCulture);
            text.Sample($"{name}_bucket", sum, null, [.. labels, ("le", bound)]);
        }

        text.Sample($"{name}_bucket", counts.Count, null, [.. labels, ("le", "+Inf")]);
        text.Sample($"{name}_sum", counts.Seconds, null, labels);
        text.Sample($"{name}_count", counts.Count, null, labels);
    }

    private sealed class Counts(int buckets)
    {
        public long Count { get; set; }

        public double Seconds { get; set; }

        public long[] Buckets { get; } = new long[buckets];
    }
}
