using OrleansOrchestrator.Interfaces.Metrics;

namespace OrleansOrchestrator.Api.Usage;

/// <summary>
/// Reads a node's <c>/metrics/resource</c>, with what ours tells beyond upstream's when it is asked to.
/// </summary>
internal static class NodeScrape
{
    /// <summary>What to ask a node for.</summary>
    public const string Path = "/metrics/resource?traffic=true";

    /// <summary>Reads an answer.</summary>
    /// <param name="node">Who answered.</param>
    /// <param name="text">In Prometheus' text format.</param>
    /// <param name="now">The time of figures that have none.</param>
    public static IReadOnlyCollection<UsageSample> Read(string node, string text, DateTimeOffset now)
    {
        var samples = new Dictionary<(string Namespace, string Name, string Container), UsageSample>();
        foreach (var line in PrometheusText.Read(text))
        {
            if (KeyOf(line, node) is { } key)
            {
                var known = samples.GetValueOrDefault(key) ?? new UsageSample
                {
                    Namespace = key.Namespace, Name = key.Name, Container = key.Container, Node = node,
                    Time = DateTimeOffset.MinValue,
                };
                var figure = line.Name[(line.Name.IndexOf('_', StringComparison.Ordinal) + 1)..];
                samples[key] = With(known, figure, line, now);
            }
        }

        return [.. samples.Values.Where(static s => s.Time > DateTimeOffset.MinValue)];
    }

    private static (string Namespace, string Name, string Container)? KeyOf(PrometheusSample line, string node)
    {
        var labels = line.Labels;
        return line.Name.StartsWith("node_", StringComparison.Ordinal) ? ("", node, "")
            : labels.GetValueOrDefault("namespace") is not { } home || labels.GetValueOrDefault("pod") is not { } pod
                ? null
            : line.Name.StartsWith("pod_", StringComparison.Ordinal) ? (home, pod, "")
            : line.Name.StartsWith("container_", StringComparison.Ordinal)
                && labels.GetValueOrDefault("container") is { Length: > 0 } container
                ? (home, pod, container)
                : null;
    }

    private static UsageSample With(UsageSample sample, string name, PrometheusSample line, DateTimeOffset now) =>
        name switch
        {
            // Of a pod as a whole it is what its containers say; keeping it twice would take a third more.
            "cpu_usage_seconds_total" when IsPod(sample) => sample with { Time = line.Time ?? now },
            "memory_working_set_bytes" when IsPod(sample) => sample,
            "cpu_usage_seconds_total" => sample with { CpuSeconds = line.Value, Time = line.Time ?? now },
            "memory_working_set_bytes" => sample with { MemoryBytes = line.Value },
            "start_time_seconds" when line.Value is > 0 and < 1e11 =>
                sample with { Start = DateTimeOffset.UnixEpoch.AddSeconds(line.Value) },
            "network_receive_bytes_total" => sample with { NetworkReceived = line.Value },
            "network_transmit_bytes_total" => sample with { NetworkSent = line.Value },
            "fs_reads_bytes_total" => sample with { DiskRead = line.Value },
            "fs_writes_bytes_total" => sample with { DiskWritten = line.Value },
            _ => sample,
        };

    private static bool IsPod(UsageSample sample) => sample is { Namespace.Length: > 0, Container.Length: 0 };
}
