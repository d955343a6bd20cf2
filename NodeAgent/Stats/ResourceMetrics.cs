namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary>
/// <c>/metrics/resource</c>: the few figures that autoscaling and <c>kubectl top</c> live on, with upstream's names and
/// times of reading.
/// </summary>
public static class ResourceMetrics
{
    private const double NanosecondsPerSecond = 1e9;

    public static string Write(Snapshot snapshot)
    {
        var text = new MetricsText();
        Containers(text, snapshot);
        Groups(text, snapshot, "node", "node", [("", snapshot.Node, [])]);
        Groups(text, snapshot, "pod", "pod", [.. snapshot.Pods.Select(p => (p.Pod.Metadata.Uid, p.Group, Labels(p)))]);
        text.Family(
            "resource_scrape_error", "gauge",
            "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise")
            .Sample("resource_scrape_error", 0, null);
        return text.ToString();
    }

    private static (string, string)[] Labels(PodSnapshot pod) =>
        [("namespace", pod.Pod.Metadata.NamespaceProperty), ("pod", pod.Pod.Metadata.Name)];

    private static void Containers(MetricsText text, Snapshot snapshot)
    {
        var all = snapshot.Pods.SelectMany(p => p.Containers.Select(
            c => (Container: c, Labels: ((string, string)[])[("container", c.Record.Name), .. Labels(p)]))).ToList();

        void Write(string name, string type, string help, Func<ContainerSnapshot, double?> figure, bool timed = true)
        {
            text.Family(name, type, help);
            foreach (var (container, labels) in all)
            {
                text.Sample(name, figure(container), timed ? snapshot.Time : null, labels);
            }
        }

        Write(
            "container_cpu_usage_seconds_total", "counter",
            "[STABLE] Cumulative cpu time consumed by the container in core-seconds",
            c => c.Group.Usage.CpuNanoseconds / NanosecondsPerSecond);
        Write("container_memory_working_set_bytes", "gauge", "[STABLE] Current working set of the container in bytes",
            c => c.Group.Usage.WorkingSetBytes);
        Write(
            "container_start_time_seconds", "gauge", "[STABLE] Start time of the container since unix epoch in seconds",
            c => (c.Record.StartedAt ?? c.Record.CreatedAt).ToUnixTimeMilliseconds() / 1000.0, timed: false);
        Write("container_swap_usage_bytes", "gauge",
            "[ALPHA] Current amount of the container swap usage in bytes. Reported only on non-windows systems", c =>
                c.Group.Usage.SwapBytes);
        Write("container_swap_limit_bytes", "gauge",
            "[ALPHA] Current amount of the container swap limit in bytes. Reported only on non-windows systems", c =>
                c.Group.Usage.SwapLimitBytes);
    }

    private static void Groups(
        MetricsText text, Snapshot snapshot, string prefix, string what, IReadOnlyList<(
            string Id, GroupSnapshot Group, (string, string)[] Labels)> groups)
    {
        void Write(string name, string type, string help, Func<GroupSnapshot, double?> figure)
        {
            text.Family($"{prefix}_{name}", type, help);
            foreach (var (_, group, labels) in groups)
            {
                text.Sample($"{prefix}_{name}", figure(group), snapshot.Time, labels);
            }
        }

        Write(
            "cpu_usage_seconds_total", "counter",
            $"[STABLE] Cumulative cpu time consumed by the {what} in core-seconds",
            g => g.Usage.CpuNanoseconds / NanosecondsPerSecond);
        Write(
            "memory_working_set_bytes", "gauge", $"[STABLE] Current working set of the {what} in bytes", g =>
                g.Usage.WorkingSetBytes);
        Write("swap_usage_bytes", "gauge",
            $"[ALPHA] Current swap usage of the {what} in bytes. Reported only on non-windows systems", g =>
                g.Usage.SwapBytes ?? 0);
    }
}
