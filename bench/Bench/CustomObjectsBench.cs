using System.Globalization;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Bench.Access;

namespace OrleansOrchestrator.Bench;

/// <summary>
/// Custom objects beside ConfigMaps of the same texts, in turn on one silo: what a create, a get and a list of each
/// cost silo and PostgreSQL.
/// </summary>
public sealed class CustomObjectsBench(BenchOptions options)
{
    private const int FanOut = 16;
    private const int Objects = 2000;
    private const int Lists = 20;
    private const int Fields = 10;

    /// <summary>The first is the compiler's, and does not count.</summary>
    private const int Rounds = 6;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(40);
    private static readonly string[] Operations = ["create", "get", "list"];

    private static readonly Contender[] Contenders =
    [
        new("ConfigMap", "/api/v1/namespaces/default/configmaps", "data"),
        new("custom object", $"/apis/{BenchKinds.Group}/v1/namespaces/default/plains", "spec"),
        new("custom object with a rule", $"/apis/{BenchKinds.Group}/v1/namespaces/default/ruleds", "spec"),
    ];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        await using var cluster = await BenchCluster.StartAsync(
            options, hollowNodes: 0, controllers: true, patience.Token);
        await InstallAsync(cluster, "plain", rule: null, patience.Token);
        await InstallAsync(
            cluster, "ruled", "self.field0 != self.field1 && self.field2.size() > 10", patience.Token);
        var costs = new Dictionary<(string Operation, string Kind), List<double>>();
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var contender in Contenders)
            {
                var found = new[]
                {
                    await CostAsync(
                        cluster, Objects, n => CreateAsync(cluster, contender, round, n, patience.Token)),
                    await CostAsync(
                        cluster, Objects, n => GetAsync(cluster, contender.Of(round, n), patience.Token)),
                    await CostAsync(cluster, Lists, _ => GetAsync(cluster, contender.Path, patience.Token)),
                };
                foreach (var (operation, cost) in Operations.Zip(found).Where(_ => round > 0))
                {
                    costs.TryAdd((operation, contender.Name), []);
                    costs[(operation, contender.Name)].Add(cost);
                }
            }
        }

        foreach (var operation in Operations)
        {
            foreach (var contender in Contenders)
            {
                var each = Median(costs[(operation, contender.Name)]);
                var first = Median(costs[(operation, Contenders[0].Name)]);
                Report.Line(
                    $"{operation} of a {contender.Name}: {each:F0} µs of CPU, {each / first:F2} of a ConfigMap's");
            }
        }
    }

    private static double Median(List<double> costs) => costs.Order().ElementAt(costs.Count / 2);

    /// <summary>Microseconds of CPU of silo and PostgreSQL for one.</summary>
    private static async Task<double> CostAsync(BenchCluster cluster, int count, Func<int, Task> once)
    {
        var before = cluster.ReadCpu();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = FanOut },
            async (number, _) => await once(number));
        return (cluster.ReadCpu() - before).TotalMicroseconds / count;
    }

    private static async Task InstallAsync(
        BenchCluster cluster, string singular, string? rule, CancellationToken cancellationToken)
    {
        var spec = new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject(Enumerable.Range(0, Fields).Select(static i => KeyValuePair.Create(
                NameOf(i), (JsonNode?)new JsonObject { ["type"] = "string", ["maxLength"] = 100 }))),
        };
        if (rule is not null)
        {
            spec["x-kubernetes-validations"] = new JsonArray(new JsonObject { ["rule"] = rule });
        }

        await new BenchClient(cluster.Client).CreateAsync(
            BenchKinds.Definitions, BenchKinds.Definition(singular, new JsonObject { ["spec"] = spec }),
            cancellationToken);
        await BenchKinds.ServedAsync(cluster.Client, $"/apis/{BenchKinds.Group}/v1/{singular}s", cancellationToken);
    }

    private static string NameOf(int field) => string.Create(CultureInfo.InvariantCulture, $"field{field}");

    private static Task CreateAsync(
        BenchCluster cluster, Contender contender, int round, int number, CancellationToken cancellationToken)
    {
        var body = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = Contender.NameOf(round, number) },
            [contender.Field] = new JsonObject(Enumerable.Range(0, Fields).Select(i => KeyValuePair.Create(
                NameOf(i), (JsonNode?)string.Create(
                    CultureInfo.InvariantCulture, $"the text of field {i} in object {number}, as long as any")))),
        };
        if (contender.Field == "spec")
        {
            body["apiVersion"] = $"{BenchKinds.Group}/v1";
            body["kind"] = BenchKinds.KindOf(contender.Path.Split('/')[^1][..^1]);
        }

        return new BenchClient(cluster.Client).CreateAsync(contender.Path, body, cancellationToken);
    }

    private static async Task GetAsync(BenchCluster cluster, string path, CancellationToken cancellationToken)
    {
        using var answer = await cluster.Client.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
        answer.EnsureSuccessStatusCode();
        _ = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
    }

    /// <summary>A kind that is measured.</summary>
    /// <param name="Name">For people.</param>
    /// <param name="Path">Of its objects.</param>
    /// <param name="Field">Where its texts are.</param>
    private sealed record Contender(string Name, string Path, string Field)
    {
        public static string NameOf(int round, int number) =>
            string.Create(CultureInfo.InvariantCulture, $"o-{round}-{number}");

        public string Of(int round, int number) => $"{Path}/{NameOf(round, number)}";
    }
}
