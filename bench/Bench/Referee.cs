using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansOrchestrator.Bench;

/// <summary>One phase as the load generator reports it.</summary>
public sealed record PhaseResult
{
    [JsonPropertyName("phase")]
    public required string Phase { get; init; }

    [JsonPropertyName("ops")]
    public required int Operations { get; init; }

    [JsonPropertyName("errors")]
    public required int Errors { get; init; }

    [JsonPropertyName("rate")]
    public required double Rate { get; init; }

    [JsonPropertyName("p50_ms")]
    public required double P50 { get; init; }

    [JsonPropertyName("p99_ms")]
    public required double P99 { get; init; }

    [JsonPropertyName("cpu_us_op")]
    public double CpuMicroseconds { get; init; }

    [JsonPropertyName("rss_mb")]
    public double PrivateMegabytes { get; init; }

    [JsonPropertyName("extra")]
    public string Extra { get; init; } = "";

    [JsonPropertyName("load")]
    public string Load { get; init; } = "";
}

/// <summary>Runs the load generator against a cluster.</summary>
public static class Referee
{
    public const string AllPhases = "create,create1,get,list,listpage,listsel,watch,patch,apply,leases,delete";
    private const int LeaseNodes = 1000;
    private const string DefaultSpace = "kbench";

    public static Task<List<PhaseResult>> RunAsync(
        BenchOptions options, BenchCluster cluster, string phases, CancellationToken cancellationToken) =>
        RunAsync(options, cluster, DefaultSpace, phases, cluster.Token, cancellationToken);

    /// <summary>The same in another namespace, as somebody else.</summary>
    public static async Task<List<PhaseResult>> RunAsync(
        BenchOptions options, BenchCluster cluster, string space, string phases, string token,
        CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(
            options.Referee,
            [
                "-server", cluster.Url, "-token", token, "-ns", space, "-n", Text(options.Pods), "-nodes", Text(LeaseNodes),
                "-phases", phases,
                "-pids", $"{Text(cluster.SiloProcess)},{Text(cluster.PostgresProcess)}",
            ])
        {
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var results = new List<PhaseResult>();
        while (await process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            var phase = JsonSerializer.Deserialize<PhaseResult>(line)! with { Load = Machine.Load() };
            results.Add(phase);
            Report.Print(phase);
        }

        await process.WaitForExitAsync(cancellationToken);
        return results;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
