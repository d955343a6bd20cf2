using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Bench.Node;

/// <summary>A whole cluster with a real node, in a network namespace of its own so that it meets no other.</summary>
public static class NodeBench
{
    /// <summary>Null where no real node can run, which it says.</summary>
    public static async Task<NodeFigures?> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        Report.Title("A cluster with a real node");
        if (!Environment.IsPrivilegedProcess || !File.Exists("/usr/bin/containerd"))
        {
            Report.Line($"  not measured: needs root and containerd");
            return null;
        }

        var space = string.Create(CultureInfo.InvariantCulture, $"orc-bench-{Environment.ProcessId}");
        await Programs.RequireAsync("ip", ["netns", "add", space], cancellationToken);
        try
        {
            await Programs.RequireAsync("ip", ["-n", space, "link", "set", "lo", "up"], cancellationToken);
            using var process = Process.Start(new ProcessStartInfo(
                "nsenter", [$"--net=/run/netns/{space}", Environment.ProcessPath!, "node", "--root", options.Repository])
            {
                RedirectStandardOutput = true,
            })!;
            var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            var figures = JsonSerializer.Deserialize<NodeFigures>(output)! with { Load = Machine.Load() };
            Print(figures);
            return figures;
        }
        finally
        {
            await Programs.RequireAsync("ip", ["netns", "delete", space], CancellationToken.None);
        }
    }

    /// <summary>What runs inside: measures, and writes the figures to standard output.</summary>
    public static async Task<int> RunInsideAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var root = Directory.CreateTempSubdirectory("orc-bench-").FullName;

        // PostgreSQL runs as another user, who must be able to come through.
        File.SetUnixFileMode(root, File.GetUnixFileMode(root) | UnixFileMode.OtherExecute | UnixFileMode.GroupExecute);
        await using (var meter = new NodeMeter(options, root))
        {
            Console.WriteLine(JsonSerializer.Serialize(await meter.MeasureAsync(cancellationToken)));
        }

        Directory.Delete(root, recursive: true);
        return 0;
    }

    private static void Print(NodeFigures found)
    {
        Report.Line($"  orc up on an empty directory, until the node is Ready: {found.Up.TotalSeconds:F2} s");
        Report.Line($"  pod start: first {found.FirstPod.TotalMilliseconds:F0} ms, then min {found.PodStart.Minimum:F0} ms, median {found.PodStart.Median:F0} ms, p99 {found.PodStart.P99:F0} ms ({found.PodStart.Count} pods)");
        foreach (var (part, idle) in found.Idle)
        {
            Report.Line($"  idle {part,-10} {idle.CpuPercent,6:F2} % of a core, {idle.Megabytes,4:F0} MB");
        }

        Report.Line($"  load {found.Load}");
    }
}
