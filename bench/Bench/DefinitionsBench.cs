using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Bench;

/// <summary>
/// What many CustomResourceDefinitions cost a silo: its private memory, and its start until it serves the last of them,
/// against a silo of a fresh cluster without any.
/// </summary>
public sealed class DefinitionsBench(BenchOptions options, int count)
{
    private const string Group = "bench.example.com";
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private const int FanOut = 16;
    private const int Starts = 5;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(40);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>Memory is read when it has had time to be given back.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(20);

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var machine = await Machine.DescribeAsync(options.Repository, TimeProvider.System, cancellationToken);
        Report.Line($"{machine.Processor}, {machine.Cores} cores, {machine.Runtime}, {machine.Postgres}");
        Report.Line($"{machine.Commit}, load {machine.LoadBefore}");
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
        var before = await MemoryAsync(cluster, cancellationToken);
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count),
            new ParallelOptions { MaxDegreeOfParallelism = FanOut, CancellationToken = cancellationToken },
            async (number, token) => await CreateAsync(cluster.Client, number, token));
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count),
            new ParallelOptions { MaxDegreeOfParallelism = FanOut, CancellationToken = cancellationToken },
            async (number, token) => await ServedAsync(cluster.Client, PathOf(number), token));
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
            await ServedAsync(cluster.Client, path, cancellationToken);
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

    private static string PathOf(int number) => $"/apis/{Group}/v1/{PluralOf(number)}";

    private static string PluralOf(int number) => string.Create(CultureInfo.InvariantCulture, $"kind{number}s");

    private static async Task ServedAsync(HttpClient client, string path, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var answer = await client.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
            if (answer.IsSuccessStatusCode)
            {
                return;
            }

            await Task.Delay(PollInterval, TimeProvider.System, cancellationToken);
        }
    }

    private static async Task CreateAsync(HttpClient client, int number, CancellationToken cancellationToken)
    {
        var body = Definition(number).ToJsonString();
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync(new Uri(Definitions, UriKind.Relative), content, cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException(await answer.Content.ReadAsStringAsync(cancellationToken));
        }
    }

    /// <summary>A definition of middling size: 120 described fields, some 12 kB.</summary>
    private static JsonObject Definition(int number)
    {
        var plural = PluralOf(number);
        return new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = $"{plural}.{Group}" },
            ["spec"] = new JsonObject
            {
                ["group"] = Group, ["scope"] = "Namespaced",
                ["names"] = new JsonObject
                {
                    ["plural"] = plural, ["singular"] = plural[..^1], ["kind"] = $"K{plural[1..^1]}",
                },
                ["versions"] = new JsonArray(new JsonObject
                {
                    ["name"] = "v1", ["served"] = true, ["storage"] = true,
                    ["subresources"] = new JsonObject { ["status"] = new JsonObject() },
                    ["schema"] = new JsonObject
                    {
                        ["openAPIV3Schema"] = new JsonObject
                        {
                            ["type"] = "object",
                            ["properties"] = new JsonObject { ["spec"] = Part(), ["status"] = Part() },
                        },
                    },
                }),
            },
        };
    }

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
