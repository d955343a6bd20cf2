using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Node;

namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary>
/// <c>/metrics/resource</c>: the few figures that autoscaling and <c>kubectl top</c> live on, with upstream's names and
/// times of reading.
/// </summary>
public static class ResourceMetrics
{
    private const double NanosecondsPerSecond = 1e9;

    /// <param name="snapshot">What was read.</param>
    /// <param name="withTraffic">Adds what went over network and disks, for the cluster's history: so a node is asked
    /// once for everything.</param>
    public static string Write(Snapshot snapshot, bool withTraffic = false)
    {
        var text = new MetricsText();
        Containers(text, snapshot);
        if (withTraffic)
        {
            Traffic(text, snapshot);
        }

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

    private static void Traffic(MetricsText text, Snapshot snapshot)
    {
        void Write<T>(
            string name, IEnumerable<(T Of, (string, string)[] Labels)> all, Func<T, double?> figure)
        {
            text.Family(name, "counter", "Bytes since the start.");
            foreach (var (of, labels) in all)
            {
                text.Sample(name, figure(of), snapshot.Time, labels);
            }
        }

        static double Sum(
            IReadOnlyList<NetworkInterfaceFigures> devices, Func<NetworkInterfaceFigures, ulong> figure) =>
            devices.Sum(d => (double)figure(d));

        var containers = snapshot.Pods.SelectMany(static p => p.Containers.Select(
            c => (c, ((string, string)[])[("container", c.Record.Name), .. Labels(p)]))).ToList();
        Write("container_fs_reads_bytes_total", containers, static c => c.Group.Usage.Disk?.ReadBytes);
        Write("container_fs_writes_bytes_total", containers, static c => c.Group.Usage.Disk?.WrittenBytes);
        var pods = snapshot.Pods.Where(static p => p.Network.Count > 0)
            .Select(static p => (p.Network, Labels(p))).ToList();
        Write("pod_network_receive_bytes_total", pods, static n => Sum(n, static d => d.RxBytes));
        Write("pod_network_transmit_bytes_total", pods, static n => Sum(n, static d => d.TxBytes));
        var node = NetworkDevices.Parse(CgroupFiles.Text("/proc/net/dev"));
        (IReadOnlyList<NetworkInterfaceFigures>, (string, string)[])[] itself = [(node, [])];
        Write("node_network_receive_bytes_total", itself, static n => Sum(n, static d => d.RxBytes));
        Write("node_network_transmit_bytes_total", itself, static n => Sum(n, static d => d.TxBytes));
        (GroupSnapshot, (string, string)[])[] disks = [(snapshot.Node, [])];
        Write("node_fs_reads_bytes_total", disks, static g => g.Usage.Disk?.ReadBytes);
        Write("node_fs_writes_bytes_total", disks, static g => g.Usage.Disk?.WrittenBytes);
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
