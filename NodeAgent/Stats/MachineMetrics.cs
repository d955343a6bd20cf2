using System.Globalization;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Node;

namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary>
/// <c>/metrics/node</c>: the machine, under the names of Prometheus' node_exporter, as far as boards and alerts about
/// clusters ask for them. What the kernel does not tell is left out.
/// </summary>
public static class MachineMetrics
{
    public const string Path = "/metrics/node";

    private const double MicrosecondsPerSecond = 1e6;
    private const int BytesPerKilobyte = 1024;

    private static readonly (string Field, string Name, string Type, string Help)[] Totals =
    [
        ("btime", "node_boot_time_seconds", "gauge", "Node boot time, in unixtime."),
        ("ctxt", "node_context_switches_total", "counter", "Total number of context switches."),
        ("processes", "node_forks_total", "counter", "Total number of forks."),
        ("procs_running", "node_procs_running", "gauge", "Number of processes in runnable state."),
        ("procs_blocked", "node_procs_blocked", "gauge", "Number of processes blocked waiting for I/O to complete."),
    ];

    private static readonly string[] PagingFields =
        ["oom_kill", "pgfault", "pgmajfault", "pgpgin", "pgpgout", "pswpin", "pswpout"];

    /// <summary>What the machine tells now.</summary>
    /// <param name="now">The time.</param>
    /// <param name="root">Where <c>/proc</c> and <c>/sys</c> are.</param>
    public static string Write(DateTimeOffset now, string root = "")
    {
        var text = new MetricsText();
        MachineProcessors.Write(text, root);
        var totals = CgroupFiles.Table($"{root}/proc/stat");
        foreach (var (field, name, type, help) in Totals)
        {
            One(text, name, type, help, totals.Get(field));
        }

        One(text, "node_intr_total", "counter", "Total number of interrupts serviced.",
            Interrupts(CgroupFiles.Text($"{root}/proc/stat") ?? ""));
        Load(text, CgroupFiles.Text($"{root}/proc/loadavg") ?? "");
        Memory(text, CgroupFiles.Text($"{root}/proc/meminfo") ?? "");
        Paging(text, CgroupFiles.Table($"{root}/proc/vmstat"));
        Stalls(text, root);
        Files(text, CgroupFiles.Text($"{root}/proc/sys/fs/file-nr") ?? "");
        One(text, "node_entropy_available_bits", "gauge", "Bits of available entropy.",
            CgroupFiles.Number($"{root}/proc/sys/kernel/random/entropy_avail"));
        One(text, "node_entropy_pool_size_bits", "gauge", "Bits of entropy pool.",
            CgroupFiles.Number($"{root}/proc/sys/kernel/random/poolsize"));
        MachineDisks.Write(text, root);
        MachineArrays.Write(text, root);
        MachineInterfaces.Write(text, root);
        MachineNetwork.Write(text, root);
        Name(text, root);
        MachineClock.Write(text, KernelClock.Read());
        One(text, "node_time_seconds", "gauge", "System time in seconds since epoch (1970).",
            now.ToUnixTimeMilliseconds() / 1000.0);
        return text.ToString();
    }

    /// <summary>A family of one sample; none where there is no value.</summary>
    internal static void One(MetricsText text, string name, string type, string help, double? value)
    {
        if (value is not null)
        {
            text.Family(name, type, help).Sample(name, value, null);
        }
    }

    internal static string[] Words(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    internal static double Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : 0;

    // "intr 2103 0 9 …": of all sorts, then of each.
    private static double? Interrupts(string stat) => stat.Split('\n')
        .Where(static l => l.StartsWith("intr ", StringComparison.Ordinal)).Select(Words)
        .Where(static w => w.Length > 1).Select(static w => (double?)Number(w[1])).FirstOrDefault();

    private static void Load(MetricsText text, string averages)
    {
        if (Words(averages) is [var one, var five, var fifteen, ..])
        {
            One(text, "node_load1", "gauge", "1m load average.", Number(one));
            One(text, "node_load5", "gauge", "5m load average.", Number(five));
            One(text, "node_load15", "gauge", "15m load average.", Number(fifteen));
        }
    }

    // "MemTotal:  24683620 kB", and "HugePages_Total:  0", which counts.
    private static void Memory(MetricsText text, string table)
    {
        foreach (var words in table.Split('\n').Select(Words).Where(static w => w.Length > 1))
        {
            var field = words[0].TrimEnd(':').Replace("(", "_", StringComparison.Ordinal)
                .Replace(")", "", StringComparison.Ordinal);
            var isBytes = words.Length > 2;
            One(
                text, isBytes ? $"node_memory_{field}_bytes" : $"node_memory_{field}", "gauge",
                $"Memory information field {field}{(isBytes ? "_bytes" : "")}.",
                Number(words[1]) * (isBytes ? BytesPerKilobyte : 1));
        }
    }

    private static void Paging(MetricsText text, Dictionary<string, ulong> counts)
    {
        foreach (var field in PagingFields)
        {
            One(
                text, $"node_vmstat_{field}", "untyped", $"/proc/vmstat information field {field}.", counts.Get(field));
        }
    }

    private static void Stalls(MetricsText text, string root)
    {
        foreach (var (of, what) in ((string, string)[])[("cpu", "CPU time"), ("io", "I/O"), ("memory", "memory")])
        {
            var stall = PressureStall.Parse(CgroupFiles.Text($"{root}/proc/pressure/{of}"));
            One(
                text, $"node_pressure_{of}_waiting_seconds_total", "counter",
                $"Total time in seconds that processes have waited for {what}",
                stall?.Some.Total / MicrosecondsPerSecond);

            // Of the whole machine nothing can be stalled for want of a processor.
            One(
                text, $"node_pressure_{of}_stalled_seconds_total", "counter",
                $"Total time in seconds no process could make progress for want of {what}",
                of == "cpu" ? null : stall?.Full.Total / MicrosecondsPerSecond);
        }
    }

    private static void Files(MetricsText text, string counts)
    {
        if (Words(counts) is [var allocated, _, var most])
        {
            One(text, "node_filefd_allocated", "gauge", "File descriptor statistics: allocated.", Number(allocated));
            One(text, "node_filefd_maximum", "gauge", "File descriptor statistics: maximum.", Number(most));
        }
    }

    private static void Name(MetricsText text, string root)
    {
        string Of(string file) => (CgroupFiles.Text($"{root}/proc/sys/kernel/{file}") ?? "").Trim();
        text.Family(
            "node_uname_info", "gauge", "Labeled system information as provided by the uname system call.").Sample(
            "node_uname_info", 1, null, ("domainname", Of("domainname")), ("machine", Of("arch")),
            ("nodename", Of("hostname")), ("release", Of("osrelease")), ("sysname", Of("ostype")),
            ("version", Of("version")));
    }
}
