using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary>
/// <c>/metrics/cadvisor</c>, the part of it that dashboards and alerts are written against: by container, by pod
/// (container label empty) and for the machine (id "/").
/// </summary>
public static class CadvisorMetrics
{
    private const double NanosecondsPerSecond = 1e9;
    private const double MicrosecondsPerSecond = 1e6;

    private sealed record Row(
        GroupSnapshot Group, ContainerSnapshot? Container, k8s.Models.V1Container? Spec, (string, string)[] Labels);

    /// <param name="snapshot">What was read.</param>
    /// <param name="pathOf">A pod's cgroup.</param>
    /// <param name="nameOf">The name of a block device, <c>major:minor</c>.</param>
    public static string Write(
        Snapshot snapshot, Func<k8s.Models.V1Pod, string> pathOf, Func<string, string> nameOf)
    {
        var text = new MetricsText();
        var rows = Rows(snapshot, pathOf).ToList();

        void Write(
            string name, string type, string help, Func<Row, double?> figure,
            params ReadOnlySpan<(string, string)> more)
        {
            text.Family(name, type, help);
            foreach (var row in rows)
            {
                text.Sample(name, figure(row), snapshot.Time, [.. more, .. row.Labels]);
            }
        }

        Write("container_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed in seconds.",
            r => r.Group.Usage.CpuNanoseconds / NanosecondsPerSecond, ("cpu", "total"));
        Cpu(Write);
        Disk(text, rows, snapshot.Time, nameOf);
        Write(
            "container_fs_usage_bytes", "gauge",
            "Number of bytes that are consumed by the container on this filesystem.", r => r.Container?.WritableBytes);
        Write(
            "container_last_seen", "gauge", "Last time a container was seen by the exporter", _ =>
                snapshot.Time.ToUnixTimeSeconds());
        Memory(Write);
        PageFaults(text, rows, snapshot.Time);
        Write(
            "container_oom_events_total", "counter", "Count of out of memory events observed for the container", r =>
                r.Group.Usage.OomKills);
        Pressure(Write);
        Write(
            "container_processes", "gauge", "Number of processes running inside the container.", r =>
                r.Group.Processes);
        Specification(Write);
        Write("container_start_time_seconds", "gauge", "Start time of the container since unix epoch in seconds.",
            r => (r.Container?.Record.StartedAt ?? r.Container?.Record.CreatedAt)?.ToUnixTimeSeconds());
        Write("container_threads", "gauge", "Number of threads running inside the container",
            r => r.Group.Usage.Processes);
        Network(text, snapshot, pathOf);
        Machine(text, snapshot);
        return text.ToString();
    }

    private delegate void Writer(
        string name, string type, string help, Func<Row, double?> figure, params ReadOnlySpan<(string, string)> more);

    private static void Cpu(Writer write)
    {
        write("container_cpu_user_seconds_total", "counter", "Cumulative user cpu time consumed in seconds.",
            r => r.Group.Usage.CpuUserNanoseconds / NanosecondsPerSecond);
        write("container_cpu_system_seconds_total", "counter", "Cumulative system cpu time consumed in seconds.",
            r => r.Group.Usage.CpuSystemNanoseconds / NanosecondsPerSecond);
        write("container_cpu_cfs_periods_total", "counter", "Number of elapsed enforcement period intervals.",
            r => HasQuota(r) ? r.Group.Usage.CpuPeriods : null);
        write("container_cpu_cfs_throttled_periods_total", "counter", "Number of throttled period intervals.",
            r => HasQuota(r) ? r.Group.Usage.CpuThrottledPeriods : null);
        write("container_cpu_cfs_throttled_seconds_total", "counter",
            "Total time duration the container has been throttled.",
            r => HasQuota(r) ? r.Group.Usage.CpuThrottledNanoseconds / NanosecondsPerSecond : null);
    }

    private static bool HasQuota(Row row) => row.Group.Usage.CpuPeriods > 0;

    // Each device by itself: the usual boards select by its name.
    private static void Disk(
        MetricsText text, List<Row> rows, DateTimeOffset time, Func<string, string> nameOf)
    {
        var names = rows.SelectMany(static r => r.Group.Usage.Disks).Select(static d => d.Device).Distinct()
            .ToDictionary(static d => d, nameOf);
        void Write(string name, string help, Func<DiskTraffic, ulong> figure)
        {
            text.Family(name, "counter", help);
            foreach (var row in rows)
            {
                foreach (var (device, traffic) in row.Group.Usage.Disks)
                {
                    text.Sample(name, figure(traffic), time, [("device", names[device]), .. row.Labels]);
                }
            }
        }

        Write("container_fs_reads_bytes_total", "Cumulative count of bytes read", static t => t.ReadBytes);
        Write("container_fs_reads_total", "Cumulative count of reads completed", static t => t.Reads);
        Write("container_fs_writes_bytes_total", "Cumulative count of bytes written", static t => t.WrittenBytes);
        Write("container_fs_writes_total", "Cumulative count of writes completed", static t => t.Writes);
    }

    private static void Pressure(Writer write)
    {
        void Stalls(string of, string what, Func<CgroupUsage, PressureStall?> find)
        {
            write($"container_pressure_{of}_waiting_seconds_total", "counter",
                $"Total time duration tasks in the container have waited due to {what} congestion.",
                r => find(r.Group.Usage)?.Some.Total / MicrosecondsPerSecond);
            write($"container_pressure_{of}_stalled_seconds_total", "counter",
                $"Total time duration no tasks in the container could make progress due to {what} congestion.",
                r => find(r.Group.Usage)?.Full.Total / MicrosecondsPerSecond);
        }

        Stalls("cpu", "CPU", static u => u.CpuPressure);
        Stalls("io", "IO", static u => u.IoPressure);
        Stalls("memory", "memory", static u => u.MemoryPressure);
    }

    private static void Memory(Writer write)
    {
        write("container_memory_cache", "gauge", "Number of bytes of page cache memory.",
            r => r.Group.Usage.CacheBytes);
        write("container_memory_mapped_file", "gauge", "Size of memory mapped files in bytes.",
            r => r.Group.Usage.MappedFileBytes);
        write("container_memory_max_usage_bytes", "gauge", "Maximum memory usage recorded in bytes",
            r => r.Group.Usage.MaxMemoryBytes);
        write("container_memory_rss", "gauge", "Size of RSS in bytes.", r => r.Group.Usage.RssBytes);
        write("container_memory_swap", "gauge", "Container swap usage in bytes.", r => r.Group.Usage.SwapBytes);
        write("container_memory_usage_bytes", "gauge",
            "Current memory usage in bytes, including all memory regardless of when it was accessed", r =>
                r.Group.Usage.MemoryBytes);
        write(
            "container_memory_working_set_bytes", "gauge", "Current working set in bytes.", r =>
                r.Group.Usage.WorkingSetBytes);
    }

    private static void PageFaults(MetricsText text, List<Row> rows, DateTimeOffset time)
    {
        const string name = "container_memory_failures_total";
        text.Family(name, "counter", "Cumulative count of memory allocation failures.");
        foreach (var row in rows)
        {
            var usage = row.Group.Usage;
            (string, string) scope = ("scope", "hierarchy");
            text.Sample(name, usage.PageFaults, time, [("failure_type", "pgfault"), scope, .. row.Labels]);
            text.Sample(name, usage.MajorPageFaults, time, [("failure_type", "pgmajfault"), scope, .. row.Labels]);
        }
    }

    private static void Specification(Writer write)
    {
        write(
            "container_spec_cpu_period", "gauge", "CPU period of the container.", r => r.Spec is null ? null : 100_000);
        write("container_spec_cpu_quota", "gauge", "CPU quota of the container.",
            r =>
                PodResources.Quota(PodResources.MilliCpu(r.Spec?.Resources?.Limits)) is var quota and > 0
                    ? quota
                    : null);
        write("container_spec_cpu_shares", "gauge", "CPU share of the container.",
            r => r.Spec is null ? null : PodResources.Shares(PodResources.MilliCpu(r.Spec.Resources?.Requests)));
        write("container_spec_memory_limit_bytes", "gauge", "Memory limit for the container.",
            r => r.Spec is null ? null : r.Group.Usage.MemoryLimitBytes ?? 0);
    }

    private static IEnumerable<Row> Rows(Snapshot snapshot, Func<k8s.Models.V1Pod, string> pathOf)
    {
        yield return new Row(snapshot.Node, null, null, Labels("", "/", "", "", "", ""));
        foreach (var pod in snapshot.Pods)
        {
            var (space, name, path) = (pod.Pod.Metadata.NamespaceProperty, pod.Pod.Metadata.Name, pathOf(pod.Pod));
            yield return new Row(pod.Group, null, null, Labels("", path, "", "", space, name));
            foreach (var container in pod.Containers)
            {
                var record = container.Record;
                yield return new Row(
                    container.Group, container, pod.Pod.FindContainer(record.Name),
                    Labels(record.Name, $"{path}/{record.Id}", record.Image, record.Id, space, name));
            }
        }
    }

    private static (string, string)[] Labels(
        string container, string id, string image, string name, string space, string pod) =>
        [("container", container), ("id", id), ("image", image), ("name", name), ("namespace", space), ("pod", pod)];

    private static void Network(MetricsText text, Snapshot snapshot, Func<k8s.Models.V1Pod, string> pathOf)
    {
        void Write(string name, string help, Func<NetworkInterfaceFigures, ulong> figure)
        {
            text.Family(name, "counter", help);
            foreach (var pod in snapshot.Pods)
            {
                foreach (var device in pod.Network)
                {
                    text.Sample(name, figure(device), snapshot.Time,
                        ("container", ""), ("id", pathOf(pod.Pod)), ("image", ""), (
                            "interface", device.Name), ("name", ""),
                        ("namespace", pod.Pod.Metadata.NamespaceProperty), ("pod", pod.Pod.Metadata.Name));
                }
            }
        }

        Write("container_network_receive_bytes_total", "Cumulative count of bytes received", d => d.RxBytes);
        Write(
            "container_network_receive_errors_total", "Cumulative count of errors encountered while receiving", d =>
                d.RxErrors);
        Write("container_network_receive_packets_total", "Cumulative count of packets received", d => d.RxPackets);
        Write(
            "container_network_receive_packets_dropped_total",
            "Cumulative count of packets dropped while receiving", d => d.RxDropped);
        Write("container_network_transmit_packets_total", "Cumulative count of packets transmitted",
            d => d.TxPackets);
        Write(
            "container_network_transmit_packets_dropped_total",
            "Cumulative count of packets dropped while transmitting", d => d.TxDropped);
        Write("container_network_transmit_bytes_total", "Cumulative count of bytes transmitted", d => d.TxBytes);
        Write(
            "container_network_transmit_errors_total", "Cumulative count of errors encountered while transmitting",
            d => d.TxErrors);
    }

    private static void Machine(MetricsText text, Snapshot snapshot)
    {
        text.Family("machine_cpu_cores", "gauge", "Number of logical CPU cores.").Sample(
            "machine_cpu_cores", Environment.ProcessorCount, null);
        text.Family("machine_memory_bytes", "gauge", "Amount of memory installed on the machine.")
            .Sample("machine_memory_bytes", NodeFacts.MemoryInfo("MemTotal"), null);
        text.Family("machine_swap_bytes", "gauge", "Amount of swap memory available on the machine.")
            .Sample("machine_swap_bytes", NodeFacts.MemoryInfo("SwapTotal"), null);
        text.Family(
            "machine_scrape_error", "gauge", "1 if there was an error while getting machine metrics, 0 otherwise.")
            .Sample("machine_scrape_error", snapshot.Node.Usage.CpuNanoseconds is null ? 1 : 0, null);
    }
}
