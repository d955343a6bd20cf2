using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Bench;

/// <summary>
/// Custom objects beside ConfigMaps of the same texts, in turn on one silo: what a create, a get and a list of each
/// cost silo and PostgreSQL.
/// </summary>
public sealed class CustomObjectsBench(BenchOptions options)
{
    private const string Group = "bench.example.com";
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private const int FanOut = 16;
    private const int Objects = 2000;
    private const int Lists = 20;
    private const int Fields = 10;

    /// <summary>The first is the compiler's, and does not count.</summary>
    private const int Rounds = 6;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);
    private static readonly string[] Operations = ["create", "get", "list"];

    private static readonly Contender[] Contenders =
    [
        new("ConfigMap", "/api/v1/namespaces/default/configmaps", "data"),
        new("custom object", $"/apis/{Group}/v1/namespaces/default/plains", "spec"),
        new("custom object with a rule", $"/apis/{Group}/v1/namespaces/default/ruleds", "spec"),
    ];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var cluster = await BenchCluster.StartAsync(
            options, hollowNodes: 0, controllers: true, cancellationToken);
        await InstallAsync(cluster, "plain", rule: null, cancellationToken);
        await InstallAsync(
            cluster, "ruled", "self.field0 != self.field1 && self.field2.size() > 10", cancellationToken);
        var costs = new Dictionary<(string Operation, string Kind), List<double>>();
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var contender in Contenders)
            {
                var found = new[]
                {
                    await CostAsync(
                        cluster, Objects, n => CreateAsync(cluster, contender, round, n, cancellationToken)),
                    await CostAsync(
                        cluster, Objects, n => GetAsync(cluster, contender.Of(round, n), cancellationToken)),
                    await CostAsync(cluster, Lists, _ => GetAsync(cluster, contender.Path, cancellationToken)),
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
        var before = Cpu(cluster);
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = FanOut },
            async (number, _) => await once(number));
        return (Cpu(cluster) - before).TotalMicroseconds / count;
    }

    private static TimeSpan Cpu(BenchCluster cluster) =>
        ProcessMeter.Read(cluster.SiloProcess).Cpu + ProcessMeter.Read(cluster.PostgresProcess).Cpu;

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

        var definition = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = $"{singular}s.{Group}" },
            ["spec"] = new JsonObject
            {
                ["group"] = Group, ["scope"] = "Namespaced",
                ["names"] = new JsonObject
                {
                    ["plural"] = $"{singular}s", ["singular"] = singular, ["kind"] = KindOf(singular),
                },
                ["versions"] = new JsonArray(new JsonObject
                {
                    ["name"] = "v1", ["served"] = true, ["storage"] = true,
                    ["schema"] = new JsonObject
                    {
                        ["openAPIV3Schema"] = new JsonObject
                        {
                            ["type"] = "object", ["properties"] = new JsonObject { ["spec"] = spec },
                        },
                    },
                }),
            },
        };
        await PostAsync(cluster, Definitions, definition, cancellationToken);
        var path = new Uri($"/apis/{Group}/v1/{singular}s", UriKind.Relative);
        while (true)
        {
            using var answer = await cluster.Client.GetAsync(path, cancellationToken);
            if (answer.IsSuccessStatusCode)
            {
                return;
            }

            await Task.Delay(PollInterval, TimeProvider.System, cancellationToken);
        }
    }

    private static string KindOf(string singular) => $"{char.ToUpperInvariant(singular[0])}{singular[1..]}";

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
            body["apiVersion"] = $"{Group}/v1";
            body["kind"] = KindOf(contender.Path.Split('/')[^1][..^1]);
        }

        return PostAsync(cluster, contender.Path, body, cancellationToken);
    }

    private static async Task PostAsync(
        BenchCluster cluster, string path, JsonObject body, CancellationToken cancellationToken)
    {
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var answer = await cluster.Client.PostAsync(new Uri(path, UriKind.Relative), content, cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException(await answer.Content.ReadAsStringAsync(cancellationToken));
        }
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
