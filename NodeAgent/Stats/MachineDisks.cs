using System.ComponentModel;
using System.Text.RegularExpressions;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Node;
using static OrleansOrchestrator.NodeAgent.Stats.MachineMetrics;

namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary>Block devices and file systems of the machine, as node_exporter tells them.</summary>
internal static partial class MachineDisks
{
    // Columns of /proc/diskstats, of which older kernels have fewer: sectors are of 512 bytes on every device, times
    // are milliseconds.
    private static readonly (string Name, string Type, string Help, int Column, double Unit)[] Figures =
    [
        ("reads_completed_total", "counter", "The total number of reads completed successfully.", 3, 1),
        ("reads_merged_total", "counter", "The total number of reads merged.", 4, 1),
        ("read_bytes_total", "counter", "The total number of bytes read successfully.", 5, 512),
        ("read_time_seconds_total", "counter", "The total number of seconds spent by all reads.", 6, 0.001),
        ("writes_completed_total", "counter", "The total number of writes completed successfully.", 7, 1),
        ("writes_merged_total", "counter", "The number of writes merged.", 8, 1),
        ("written_bytes_total", "counter", "The total number of bytes written successfully.", 9, 512),
        ("write_time_seconds_total", "counter", "This is the total number of seconds spent by all writes.", 10, 0.001),
        ("io_now", "gauge", "The number of I/Os currently in progress.", 11, 1),
        ("io_time_seconds_total", "counter", "Total seconds spent doing I/Os.", 12, 0.001),
        ("io_time_weighted_seconds_total", "counter", "The weighted # of seconds spent doing I/Os.", 13, 0.001),
        ("discards_completed_total", "counter", "The total number of discards completed successfully.", 14, 1),
        ("discards_merged_total", "counter", "The total number of discards merged.", 15, 1),
        ("discarded_sectors_total", "counter", "The total number of sectors discarded successfully.", 16, 1),
        ("discard_time_seconds_total", "counter", "This is the total number of seconds spent by all discards.", 17,
            0.001),
        ("flush_requests_total", "counter", "The total number of flush requests completed successfully", 18, 1),
        ("flush_requests_time_seconds_total", "counter",
            "This is the total number of seconds spent by all flush requests.", 19, 0.001),
    ];

    private const int LeastColumns = 14;

    public static void Write(MetricsText text, string root)
    {
        Devices(text, CgroupFiles.Text($"{root}/proc/diskstats") ?? "");
        FileSystems(text, root);
    }

    private static void Devices(MetricsText text, string table)
    {
        var devices = table.Split('\n').Select(Words)
            .Where(static c => c.Length >= LeastColumns && !LeftOut().IsMatch(c[2])).ToList();
        var most = devices.Select(static c => c.Length).DefaultIfEmpty(LeastColumns).Max();
        foreach (var (name, type, help, column, unit) in Figures.Where(f => f.Column < most))
        {
            text.Family($"node_disk_{name}", type, help);
            foreach (var columns in devices.Where(c => column < c.Length))
            {
                text.Sample($"node_disk_{name}", Number(columns[column]) * unit, null, ("device", columns[2]));
            }
        }
    }

    // Partitions are told with the disk that they are of; what is of memory or a file with what it lies on.
    [GeneratedRegex(@"^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$")]
    private static partial Regex LeftOut();

    // Each of a local device, once, where it was mounted first: who asks of a network's might wait forever, and a
    // pod's volumes are told by kubelet_volume_stats_*.
    private static void FileSystems(MetricsText text, string root)
    {
        var found = MountPoints.FileSystems($"{root}/proc/self/mountinfo")
            .Where(static f => f.Source.StartsWith("/dev/", StringComparison.Ordinal) || f.Type == "zfs")
            .DistinctBy(static f => f.Device)
            .Select(static f => (Of: f, Usage: UsageOf(f.Path))).ToList();
        void Each(string name, string help, Func<FileSystemUsage, long> figure)
        {
            text.Family($"node_filesystem_{name}", "gauge", help);
            foreach (var (of, usage) in found)
            {
                text.Sample($"node_filesystem_{name}", usage is { } known ? figure(known) : null, null, Labels(of));
            }
        }

        Each("avail_bytes", "Filesystem space available to non-root users in bytes.", static u => u.AvailableBytes);
        Each("files", "Filesystem total file nodes.", static u => u.Inodes);
        Each("files_free", "Filesystem total free file nodes.", static u => u.InodesFree);
        Each("free_bytes", "Filesystem free space in bytes.", static u => u.FreeBytes);
        Each("size_bytes", "Filesystem size in bytes.", static u => u.CapacityBytes);
        text.Family("node_filesystem_device_error", "gauge",
            "Whether an error occurred while getting statistics for the given device.");
        found.ForEach(f => text.Sample(
            "node_filesystem_device_error", f.Usage is null ? 1 : 0, null, Labels(f.Of)));
        text.Family("node_filesystem_readonly", "gauge", "Filesystem read-only status.");
        found.ForEach(f => text.Sample("node_filesystem_readonly", f.Of.IsReadOnly ? 1 : 0, null, Labels(f.Of)));
    }

    private static (string, string)[] Labels(MountedFileSystem of) =>
        [("device", of.Source), ("fstype", of.Type), ("mountpoint", of.Path)];

    private static FileSystemUsage? UsageOf(string path)
    {
        try
        {
            return Linux.UsageOf(path);
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
