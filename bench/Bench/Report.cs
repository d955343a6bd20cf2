using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace OrleansOrchestrator.Bench;

/// <summary>Prints as it goes, and keeps everything as JSON.</summary>
public static class Report
{
    public static CultureInfo Culture => CultureInfo.InvariantCulture;

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static void Title(string text)
    {
        Console.WriteLine();
        Console.WriteLine(text);
    }

    public static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    public static void Print(Machine machine)
    {
        Line($"{machine.Processor}, {machine.Cores} cores, {machine.Runtime}, {machine.Postgres}");
        Line($"{machine.Commit}, load {machine.LoadBefore}");
    }

    public static void Print(PhaseResult phase) => Line(
        $"  {phase.Phase,-14} {phase.Rate,10:F1}/s  p50 {phase.P50,8:F2} ms  p99 {phase.P99,8:F2} ms  CPU {phase.CpuMicroseconds,9:F1} µs  memory {phase.PrivateMegabytes,4:F0} MB  errors {phase.Errors}  load {phase.Load}");

    public static void Print(Rollout rollout)
    {
        Line($"  {rollout.Pods} pods on {rollout.Nodes} nodes: bound after {rollout.Bound.TotalSeconds:F2} s ({rollout.BoundPerSecond:F0}/s), Running after {rollout.Running.TotalSeconds:F2} s");
        Line($"  CPU {rollout.CpuMillisecondsPerPod:F2} ms a pod (silo {rollout.SiloCpuMillisecondsPerPod:F2}), writes a pod {rollout.PodWrites:F2} (events {rollout.EventWrites:F2}),");
        Line($"  silo {rollout.PrivateMegabytes:F0} MB, load {Machine.Load()}");
    }

    /// <summary>Holds the figures against their targets.</summary>
    public static void Compare(Measurements found)
    {
        Title("Against the targets");
        foreach (var target in Target.All)
        {
            if (target.Figure(found) is { } figure)
            {
                var verdict = figure <= target.Limit ? "ok" : "MISSED";
                Line($"  {target.Name,-36} {figure,10:F1} {target.Unit,-11} of at most {target.Limit,8:F0}  {verdict}");
            }
        }
    }

    public static async Task WriteAsync(Measurements found, string file, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(found, Indented) + "\n", cancellationToken);
        Line($"\nWritten to {file}");
    }
}
