using System.Diagnostics;
using System.Text.Json;

namespace OrleansOrchestrator.Bench.Network;

/// <summary>
/// Services and DNS of a node, in network namespaces of its own. The measuring process runs inside the node's, so that
/// nothing but nft lies between an event and the kernel.
/// </summary>
public static class NetworkBench
{
    public static async Task<NetworkFigures> RunAsync(int services, CancellationToken cancellationToken)
    {
        Report.Title($"{services} Services on a node, and its DNS");
        await Namespaces.MakeAsync();
        try
        {
            var start = new ProcessStartInfo(
                "nsenter",
                [$"--net=/run/netns/{Namespaces.Node}", Environment.ProcessPath!, "services", "--inside", Namespaces.Prefix,
                    "--services", services.ToString(Report.Culture)])
            {
                RedirectStandardOutput = true,
            };
            using var process = Process.Start(start)!;
            var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            var figures = JsonSerializer.Deserialize<NetworkFigures>(output)! with { Load = Machine.Load() };
            Print(figures);
            return figures;
        }
        finally
        {
            await Namespaces.RemoveAsync();
        }
    }

    /// <summary>What runs inside: measures, and writes the figures to standard output.</summary>
    public static async Task<int> RunInsideAsync(string prefix, int services, CancellationToken cancellationToken)
    {
        Namespaces.Prefix = prefix;
        await using var meter = new ServiceMeter(services);
        var figures = await meter.MeasureAsync(cancellationToken);
        await Console.Out.WriteLineAsync(JsonSerializer.Serialize(figures));
        return 0;
    }

    private static void Print(NetworkFigures found)
    {
        Report.Line($"  all programmed after {found.FullProgramming.TotalSeconds:F2} s (CPU {found.FullCpu.TotalSeconds:F2} s, {found.FullBytes} bytes), again after {found.Renewal.TotalSeconds:F2} s");
        Print("one endpoint replaced", found.Replacement);
        Print("one endpoint more or less", found.CountChange);
        Report.Line($"  transactions of {found.ReplacementBytes} and {found.CountChangeBytes} bytes, CPU of a change {found.ChangeCpu.TotalMilliseconds:F1} ms");
        Print("nft on an empty file", found.NftStart);
        Print("check of the rules", found.Check);
        foreach (var (way, spread) in found.Connects)
        {
            Print($"connect {way}", spread);
        }

        Report.Line($"  DNS: {found.Dns.Rate:F0} answers/s");
        Print("DNS, busy", found.Dns.Busy);
        Print("DNS, one asker", found.Dns.Alone);
        Report.Line($"  load {found.Load}");
    }

    private static void Print(string what, Spread spread) => Report.Line(
        $"  {what,-44} min {spread.Minimum,8:F3} ms  median {spread.Median,8:F3} ms  p99 {spread.P99,8:F3} ms  ({spread.Count} times)");
}
