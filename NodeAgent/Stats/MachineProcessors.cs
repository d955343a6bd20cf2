using System.Globalization;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Node;
using static OrleansOrchestrator.NodeAgent.Stats.MachineMetrics;

namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary>What each processor of the machine did, as node_exporter tells it.</summary>
internal static class MachineProcessors
{
    /// <summary>The kernel's clock ticks in <c>/proc</c> are of 10 ms on every architecture.</summary>
    private const double TicksPerSecond = 100;

    private const double NanosecondsPerSecond = 1e9;

    // The column of /proc/net/softnet_stat with the processor's number.
    private const int PacketsOf = 12;

    private static readonly string[] Modes =
        ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];

    // Where a guest's time stands, which is in the user's and the nice one's as well.
    private static readonly (string Mode, int Column)[] GuestModes = [("user", 9), ("nice", 10)];

    private static readonly (string Name, string Help, int Column, double Unit)[] Scheduling =
    [
        ("running_seconds_total", "Number of seconds CPU spent running a process.", 7, NanosecondsPerSecond),
        ("waiting_seconds_total", "Number of seconds spent by processing waiting for this CPU.", 8,
            NanosecondsPerSecond),
        ("timeslices_total", "Number of timeslices executed by CPU.", 9, 1),
    ];

    private static readonly (string Name, string Type, string Help, int Column)[] Packets =
    [
        ("processed_total", "counter", "Number of processed packets", 0),
        ("dropped_total", "counter", "Number of dropped packets", 1),
        ("times_squeezed_total", "counter", "Number of times processing packets ran out of quota", 2),
        ("cpu_collision_total", "counter",
            "Number of collision occur while obtaining device lock while transmitting", 8),
        ("received_rps_total", "counter", "Number of times cpu woken up received_rps", 9),
        ("flow_limit_count_total", "counter", "Number of times flow limit has been reached", 10),
        ("backlog_len", "gauge", "Softnet backlog status", PacketsOf - 1),
    ];

    public static void Write(MetricsText text, string root)
    {
        Times(text, Lines($"{root}/proc/stat"));
        Schedules(text, Lines($"{root}/proc/schedstat"));
        Softnet(text, CgroupFiles.Text($"{root}/proc/net/softnet_stat") ?? "");
    }

    // "cpu0 767282 127358 …", after a line of all together, and among others.
    private static List<string[]> Lines(string file) => (CgroupFiles.Text(file) ?? "").Split('\n')
        .Where(static l => l.StartsWith("cpu", StringComparison.Ordinal)).Select(Words)
        .Where(static c => c.Length > Modes.Length && c[0] != "cpu").ToList();

    private static void Times(MetricsText text, List<string[]> processors)
    {
        const string name = "node_cpu_seconds_total";
        const string guest = "node_cpu_guest_seconds_total";
        text.Family(name, "counter", "Seconds the CPUs spent in each mode.");
        foreach (var columns in processors)
        {
            for (var mode = 0; mode < Modes.Length; mode++)
            {
                text.Sample(
                    name, Number(columns[mode + 1]) / TicksPerSecond, null, ("cpu", columns[0][3..]),
                    ("mode", Modes[mode]));
            }
        }

        text.Family(guest, "counter", "Seconds the CPUs spent in guests (VMs) for each mode.");
        foreach (var columns in processors)
        {
            foreach (var (mode, column) in GuestModes.Where(m => m.Column < columns.Length))
            {
                text.Sample(
                    guest, Number(columns[column]) / TicksPerSecond, null, ("cpu", columns[0][3..]), ("mode", mode));
            }
        }
    }

    private static void Schedules(MetricsText text, List<string[]> processors)
    {
        foreach (var (name, help, column, unit) in Scheduling.Where(_ => processors.Count > 0))
        {
            text.Family($"node_schedstat_{name}", "counter", help);
            foreach (var columns in processors.Where(c => column < c.Length))
            {
                text.Sample($"node_schedstat_{name}", Number(columns[column]) / unit, null, ("cpu", columns[0][3..]));
            }
        }
    }

    // Numbers in base 16, of which older kernels have fewer.
    private static void Softnet(MetricsText text, string table)
    {
        var processors = table.Split('\n').Select(Words).Where(static w => w.Length > PacketsOf)
            .Select(static w => w.Select(Hexadecimal).ToArray()).ToList();
        foreach (var (name, type, help, column) in Packets.Where(_ => processors.Count > 0))
        {
            text.Family($"node_softnet_{name}", type, help);
            foreach (var columns in processors)
            {
                var processor = columns[PacketsOf].ToString(CultureInfo.InvariantCulture);
                text.Sample($"node_softnet_{name}", columns[column], null, ("cpu", processor));
            }
        }
    }

    private static uint Hexadecimal(string text) =>
        uint.TryParse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
