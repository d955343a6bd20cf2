using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Usage;

/// <summary>What a node's <c>/metrics/resource</c> says.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Itself">The node; null when it does not say.</param>
/// <param name="Pods">Containers by name, by pod.</param>
internal sealed record NodeScrape(
    string Node, UsagePoint? Itself, IReadOnlyDictionary<ObjectKey, Dictionary<string, UsagePoint>> Pods)
{
    private const string Cpu = "cpu_usage_seconds_total";
    private const string Memory = "memory_working_set_bytes";

    /// <summary>Reads an answer. What lacks one of its two figures is left out, as metrics-server does.</summary>
    /// <param name="node">Who answered.</param>
    /// <param name="text">In Prometheus' text format.</param>
    /// <param name="now">The time of figures that have none.</param>
    public static NodeScrape Read(string node, string text, DateTimeOffset now)
    {
        var itself = new Parts();
        var containers = new Dictionary<(ObjectKey Pod, string Container), Parts>();
        foreach (var sample in PrometheusText.Read(text))
        {
            if (sample.Name.StartsWith("node_", StringComparison.Ordinal))
            {
                itself.Add(sample.Name[5..], sample);
            }
            else if (sample.Name.StartsWith("container_", StringComparison.Ordinal)
                && KeyOf(sample.Labels) is { } key)
            {
                if (!containers.TryGetValue(key, out var parts))
                {
                    containers.Add(key, parts = new Parts());
                }

                parts.Add(sample.Name[10..], sample);
            }
        }

        var pods = new Dictionary<ObjectKey, Dictionary<string, UsagePoint>>();
        foreach (var pod in containers.GroupBy(static c => c.Key.Pod))
        {
            var points = pod.Select(c => (Name: c.Key.Container, Point: c.Value.ToPoint(now))).ToList();
            if (points.TrueForAll(static p => p.Point is not null))
            {
                pods.Add(pod.Key, points.ToDictionary(static p => p.Name, static p => p.Point!));
            }
        }

        return new NodeScrape(node, itself.ToPoint(now), pods);
    }

    private static (ObjectKey, string)? KeyOf(IReadOnlyDictionary<string, string> labels) =>
        labels.TryGetValue("namespace", out var home) && labels.TryGetValue("pod", out var pod)
        && labels.TryGetValue("container", out var container)
            ? (new ObjectKey(home, pod), container)
            : null;

    /// <summary>The figures of one container, as they come.</summary>
    private sealed class Parts
    {
        private PrometheusSample? _cpu;
        private double? _memory;
        private DateTimeOffset? _start;

        public void Add(string name, PrometheusSample sample)
        {
            switch (name)
            {
                case Cpu: _cpu = sample; break;
                case Memory: _memory = sample.Value; break;
                case "start_time_seconds" when sample.Value is > 0 and < 1e11:
                    _start = DateTimeOffset.UnixEpoch.AddSeconds(sample.Value);
                    break;
            }
        }

        public UsagePoint? ToPoint(DateTimeOffset now) => _cpu is { } cpu && _memory is { } memory
            ? new UsagePoint(cpu.Time ?? now, _start, cpu.Value, memory)
            : null;
    }
}
