using System.Collections.Concurrent;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Metrics;

namespace OrleansOrchestrator.NodeAgent.Probes;

/// <summary>
/// Counts what probes answered and how long they took, by container; the counts outlive its restarts and go with its
/// pod.
/// </summary>
public sealed class ProbeMetrics
{
    private static readonly double[] BoundsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly ConcurrentDictionary<Key, Counts> _counts = new();

    private readonly record struct Key(string Uid, string Namespace, string Pod, string Container, string Kind);

    public void Record(V1Pod pod, string container, string kind, bool succeeded, TimeSpan took)
    {
        var counts = _counts.GetOrAdd(
            new Key(pod.Metadata.Uid, pod.Metadata.NamespaceProperty, pod.Metadata.Name, container, kind),
            _ => new Counts());
        lock (counts)
        {
            counts.Add(succeeded, took.TotalSeconds);
        }
    }

    /// <summary>The pod is probed no more.</summary>
    public void Forget(string podUid)
    {
        foreach (var key in _counts.Keys.Where(k => k.Uid == podUid))
        {
            _counts.TryRemove(key, out _);
        }
    }

    public string Write()
    {
        var text = new MetricsText();
        var all = _counts.OrderBy(c => (c.Key.Namespace, c.Key.Pod, c.Key.Container, c.Key.Kind)).ToList();
        text.Family("prober_probe_duration_seconds", "histogram", "[ALPHA] Duration in seconds for a probe response.");
        foreach (var (key, counts) in all)
        {
            lock (counts)
            {
                Durations(text, counts, Labels(key));
            }
        }

        text.Family(
            "prober_probe_total", "counter",
            "[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.");
        foreach (var (key, counts) in all)
        {
            (string Result, long Count)[] results = [("failed", counts.Failed), ("successful", counts.Successful)];
            foreach (var (result, count) in results.Where(r => r.Count > 0))
            {
                text.Sample(
                    "prober_probe_total", count, null, [.. Labels(key), ("pod_uid", key.Uid), ("result", result)]);
            }
        }

        return text.ToString();
    }

    private static (string, string)[] Labels(Key key) =>
        [("container", key.Container), ("namespace", key.Namespace), ("pod", key.Pod), ("probe_type", key.Kind)];

    private static void Durations(MetricsText text, Counts counts, (string, string)[] labels)
    {
        const string Name = "prober_probe_duration_seconds";
        var sum = 0L;
        for (var i = 0; i < BoundsSeconds.Length; i++)
        {
            sum += counts.Buckets[i];
            var bound = BoundsSeconds[i].ToString(System.Globalization.CultureInfo.InvariantCulture);
            text.Sample($"{Name}_bucket", sum, null, [.. labels, ("le", bound)]);
        }

        text.Sample($"{Name}_bucket", counts.Failed + counts.Successful, null, [.. labels, ("le", "+Inf")]);
        text.Sample($"{Name}_sum", counts.Seconds, null, labels);
        text.Sample($"{Name}_count", counts.Failed + counts.Successful, null, labels);
    }

    private sealed class Counts
    {
        public long Failed { get; private set; }

        public long Successful { get; private set; }

        public double Seconds { get; private set; }

        public long[] Buckets { get; } = new long[BoundsSeconds.Length];

        public void Add(bool succeeded, double seconds)
        {
            (Failed, Successful) = succeeded ? (Failed, Successful + 1) : (Failed + 1, Successful);
            Seconds += seconds;
            var bucket = Array.FindIndex(BoundsSeconds, bound => seconds <= bound);
            if (bucket >= 0)
            {
                Buckets[bucket]++;
            }
        }
    }
}
