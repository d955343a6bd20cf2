using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Bench.Node;

/// <summary>A whole cluster with a real node, in a network namespace of its own so that it meets no other.</summary>
public static class NodeBench
{
    /// <summary>The machine's other work moves every figure; what is said of them is said of all rounds.</summary>
    private const int Rounds = 2;

    private static readonly (string Name, string[] Further)[] Variants =
    [
        ("everything", []),
        ("without logs", ["--logs=false"]),
        ("without metrics", ["--metrics=false"]),
        ("without the dashboard", ["--dashboard=false"]),
        ("without the three", ["--logs=false", "--metrics=false", "--dashboard=false"]),
    ];

    /// <summary>Null where no real node can run, which it says.</summary>
    public static async Task<NodeFigures?> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        Report.Title("A cluster with a real node");
        if (!CanRun)
        {
            Report.Line($"  not measured: needs root and containerd");
            return null;
        }

        var figures = await MeasureAsync(options, [], cancellationToken);
        Print(figures);
        return figures;
    }

    /// <summary>What people look at, with and without, one cluster after the other.</summary>
    public static async Task<int> CompareIdleAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        Report.Title("A cluster with a real node at rest, with and without what people look at");
        if (!CanRun)
        {
            Report.Line($"  not measured: needs root and containerd");
            return 1;
        }

        for (var round = 1; round <= Rounds; round++)
        {
            foreach (var (name, further) in Variants)
            {
                var figures = await MeasureAsync(options, further, cancellationToken);
                Report.Line($"  {name}, round {round}");
                PrintIdle(figures);
            }
        }

        return 0;
    }

    private static bool CanRun => Environment.IsPrivilegedProcess && File.Exists("/usr/bin/containerd");

    private static async Task<NodeFigures> MeasureAsync(
        BenchOptions options, IReadOnlyList<string> further, CancellationToken cancellationToken)
    {
        var space = string.Create(CultureInfo.InvariantCulture, $"orc-bench-{Environment.ProcessId}");
        await Programs.RequireAsync("ip", ["netns", "add", space], cancellationToken);
        try
        {
            await Programs.RequireAsync("ip", ["-n", space, "link", "set", "lo", "up"], cancellationToken);
            using var process = Process.Start(new ProcessStartInfo(
                "nsenter",
                [
                    $"--net=/run/netns/{space}", Environment.ProcessPath!, "node", "--root", options.Repository, "--",
                    .. further,
                ])
            {
                RedirectStandardOutput = true,
            })!;
            var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return JsonSerializer.Deserialize<NodeFigures>(output)! with { Load = Machine.Load() };
        }
        finally
        {
            await Programs.RequireAsync("ip", ["netns", "delete", space], CancellationToken.None);
        }
    }

    /// <summary>What runs inside: measures, and writes the figures to standard output.</summary>
    public static async Task<int> RunInsideAsync(
        BenchOptions options, IReadOnlyList<string> further, CancellationToken cancellationToken)
    {
        var root = Directory.CreateTempSubdirectory("orc-bench-").FullName;

        // PostgreSQL runs as another user, who must be able to come through.
        File.SetUnixFileMode(root, File.GetUnixFileMode(root) | UnixFileMode.OtherExecute | UnixFileMode.GroupExecute);
        await using (var meter = new NodeMeter(options, root, further))
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
        PrintIdle(found);
    }

    private static void PrintIdle(NodeFigures found)
    {
        foreach (var (part, idle) in found.Idle)
        {
            Report.Line($"  idle {part,-10} {idle.CpuPercent,6:F2} % of a core, {idle.Megabytes,4:F0} MB");
        }

        Report.Line($"  load {found.Load}");
    }
}
