using System.Globalization;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Bench.Access;

namespace OrleansOrchestrator.Bench;

/// <summary>
/// What many CustomResourceDefinitions cost a silo: its private memory, and its start until it serves the last of them,
/// against a silo of a fresh cluster without any.
/// </summary>
public sealed class DefinitionsBench(BenchOptions options, int count)
{
    private const int FanOut = 16;
    private const int Starts = 5;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(40);

    /// <summary>Memory is read when it has had time to be given back.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(20);

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var machine = await Machine.DescribeAsync(options.Repository, TimeProvider.System, cancellationToken);
        Report.Print(machine);
        await new CustomObjectsBench(options).RunAsync(cancellationToken);
        if (count == 0)
        {
            return 0;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        await using (var cluster = await BenchCluster.StartAsync(
            options with { InMemory = true }, hollowNodes: 0, controllers: true, patience.Token))
        {
            await MeasureAsync(cluster, "in memory", patience.Token);
        }

        await using (var cluster = await BenchCluster.StartAsync(
            options, hollowNodes: 0, controllers: true, patience.Token))
        {
            var none = await StartsAsync(cluster, "/readyz", patience.Token);
            await MeasureAsync(cluster, "PostgreSQL", patience.Token);
            var all = await StartsAsync(cluster, PathOf(count - 1), patience.Token);
            Report.Line(
                $"start, the median of {Starts}: {none.Start.TotalSeconds:F2} s, {all.Start.TotalSeconds:F2} s with {count}");
            Report.Line($"memory after a start: {none.Memory:F0} MB without, {all.Memory:F0} MB with {count}");
        }

        return 0;
    }

    private async Task MeasureAsync(BenchCluster cluster, string store, CancellationToken cancellationToken)
    {
        var client = new BenchClient(cluster.Client);
        var before = await MemoryAsync(cluster, cancellationToken);
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count),
            new ParallelOptions { MaxDegreeOfParallelism = FanOut, CancellationToken = cancellationToken },
            async (number, token) => await client.CreateAsync(BenchKinds.Definitions, Definition(number), token));
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count),
            new ParallelOptions { MaxDegreeOfParallelism = FanOut, CancellationToken = cancellationToken },
            async (number, token) => await BenchKinds.ServedAsync(cluster.Client, PathOf(number), token));
        var took = time.GetElapsedTime(start);
        var after = await MemoryAsync(cluster, cancellationToken);
        Report.Line($"{store}: {count} definitions served, and listed once each, after {took.TotalSeconds:F1} s");
        Report.Line($"{store}: memory {before:F0} MB before, {after:F0} MB after");
    }

    /// <summary>Medians of several starts until a path is served.</summary>
    private static async Task<(TimeSpan Start, double Memory)> StartsAsync(
        BenchCluster cluster, string path, CancellationToken cancellationToken)
    {
        var starts = new List<TimeSpan>();
        var memory = new List<double>();
        for (var i = 0; i < Starts; i++)
        {
            await cluster.RestartAsync(cancellationToken);
            var ready = TimeProvider.System.GetTimestamp();
            await BenchKinds.ServedAsync(cluster.Client, path, cancellationToken);
            starts.Add(cluster.SiloStart + TimeProvider.System.GetElapsedTime(ready));
            memory.Add(await MemoryAsync(cluster, cancellationToken));
        }

        return (starts.Order().ElementAt(Starts / 2), memory.Order().ElementAt(Starts / 2));
    }

    private static async Task<double> MemoryAsync(BenchCluster cluster, CancellationToken cancellationToken)
    {
        await Task.Delay(Rest, TimeProvider.System, cancellationToken);
        return ProcessMeter.Read(cluster.SiloProcess).PrivateMegabytes;
    }

    private static string PathOf(int number) => $"/apis/{BenchKinds.Group}/v1/{SingularOf(number)}s";

    private static string SingularOf(int number) => string.Create(CultureInfo.InvariantCulture, $"kind{number}");

    /// <summary>A definition of middling size: 120 described fields, some 12 kB.</summary>
    private static JsonObject Definition(int number) => BenchKinds.Definition(
        SingularOf(number), new JsonObject { ["spec"] = Part(), ["status"] = Part() });

    private static JsonObject Part() => Fields(6, static _ => Fields(10, static _ => new JsonObject
    {
        ["type"] = "string",
        ["description"] = "What it is for, in a sentence as long as those of real definitions are.",
    }));

    private static JsonObject Fields(int count, Func<int, JsonObject> make) => new()
    {
        ["type"] = "object",
        ["properties"] = new JsonObject(Enumerable.Range(0, count).Select(i => KeyValuePair.Create(
            string.Create(CultureInfo.InvariantCulture, $"field{i}"), (JsonNode?)make(i)))),
    };
}
