using System.Text.RegularExpressions;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Node;
using static OrleansOrchestrator.NodeAgent.Stats.MachineMetrics;

namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary>RAID arrays of the kernel's own (<c>/proc/mdstat</c>), as node_exporter tells them.</summary>
internal static partial class MachineArrays
{
    private static readonly string[] States = ["active", "inactive", "recovering", "resync", "check"];

    public static void Write(MetricsText text, string root)
    {
        var arrays = Read(CgroupFiles.Text($"{root}/proc/mdstat") ?? "").ToList();
        if (arrays.Count == 0)
        {
            return;
        }

        void Each(string name, string help, Func<DiskArray, double> figure)
        {
            text.Family($"node_md_{name}", "gauge", help);
            arrays.ForEach(a => text.Sample($"node_md_{name}", figure(a), null, ("device", a.Name)));
        }

        Each("blocks", "Total number of blocks on device.", static a => a.Blocks);
        Each("blocks_synced", "Number of blocks synced on device.", static a => a.SyncedBlocks);
        text.Family("node_md_disks", "gauge", "Number of active/failed/down/spare disks of device.");
        foreach (var array in arrays)
        {
            foreach (var (state, count) in ((string, int)[])
                [("active", array.Active), ("down", array.Down), ("failed", array.Failed), ("spare", array.Spare)])
            {
                text.Sample("node_md_disks", count, null, ("device", array.Name), ("state", state));
            }
        }

        Each("disks_required", "Total number of disks of device.", static a => a.Required);
        text.Family("node_md_state", "gauge", "Indicates the state of md-device.");
        foreach (var array in arrays)
        {
            foreach (var state in States)
            {
                text.Sample(
                    "node_md_state", state == array.State ? 1 : 0, null, ("device", array.Name), ("state", state));
            }
        }
    }

    // "md1 : active raid1 sda1[0] sdb1[1](F)", then " 523968 blocks super 1.2 [2/1] [U_]", then what goes on, if
    // anything: " [>....]  recovery =  8.5% (16775552/195310144) finish=17.0min …", or " resync=DELAYED" or PENDING.
    private static IEnumerable<DiskArray> Read(string table)
    {
        var lines = table.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (!IsBelow(lines[i]) && Words(lines[i]) is [var name, ":", var state, ..] && name != "Personalities")
            {
                yield return Of(name, state, lines[i], string.Join('\n', lines.Skip(i + 1).TakeWhile(IsBelow)));
            }
        }
    }

    private static bool IsBelow(string line) => line.Length > 0 && char.IsWhiteSpace(line[0]);

    private static DiskArray Of(string name, string state, string members, string below)
    {
        var disks = Words(members).Count(static w => Member().IsMatch(w));
        var failed = Words(members).Count(static w => w.EndsWith("(F)", StringComparison.Ordinal));
        var spare = Words(members).Count(static w => w.EndsWith("(S)", StringComparison.Ordinal));
        var blocks = Size().Match(below) is { Success: true } size ? Number(size.Groups[1].Value) : 0;
        var health = Health().Match(below);
        var work = Work().Match(below);

        // An array without redundancy needs all that it has.
        var (required, active) = health.Success
            ? ((int)Number(health.Groups[1].Value), (int)Number(health.Groups[2].Value))
            : (disks - failed - spare, disks - failed - spare);
        return new DiskArray(name, work.Success ? StateOf(work.Groups[1].Value) : state, blocks)
        {
            SyncedBlocks = work.Success ? Number(work.Groups[2].Value) : blocks, // none yet of work that waits
            Required = required,
            Active = active,
            Down = health.Groups[3].Value.Count(static c => c == '_'),
            Failed = failed,
            Spare = spare,
        };
    }

    private static string StateOf(string work) => work == "recovery" ? "recovering" : work;

    [GeneratedRegex(@"\[\d+\](\(\w\))*$")]
    private static partial Regex Member();

    [GeneratedRegex(@"(\d+) blocks")]
    private static partial Regex Size();

    [GeneratedRegex(@"\[(\d+)/(\d+)\] \[([U_]+)\]")]
    private static partial Regex Health();

    [GeneratedRegex(@"(recovery|resync|check) *= *(?:[\d.]+% \((\d+)/\d+\)|DELAYED|PENDING)")]
    private static partial Regex Work();

    private sealed record DiskArray(string Name, string State, double Blocks)
    {
        public double SyncedBlocks { get; init; }

        public int Required { get; init; }

        public int Active { get; init; }

        public int Down { get; init; }

        public int Failed { get; init; }

        public int Spare { get; init; }
    }
}
