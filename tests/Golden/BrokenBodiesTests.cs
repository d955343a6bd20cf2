using System.Text;
using System.Text.Json.Nodes;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>
/// Recorded requests with one value broken at random, sent as dry runs: whatever comes, there is an answer below 500.
/// </summary>
public sealed class BrokenBodiesTests(ITestOutputHelper output)
{
    private const int Requests = 1000;

    /// <summary>Refusals that upstream itself gives as 500 without a reason.</summary>
    private static readonly string[] UpstreamsOwn = ["resourceVersion", "strconv", "target."];

    [Fact]
    public async Task BrokenBodiesAreRefusedWithoutErrors()
    {
        var (random, count) = (new Random(TestSeed.Current), Requests * TestSeed.Times);
        var steps = GoldenScenario.LoadAll().SelectMany(s => s.Steps).Select(s => s["request"]!.AsObject())
            .Where(r => r["body"] is JsonObject && (string)r["method"]! is "POST" or "PUT" or "PATCH").ToList();
        await using var host = await GoldenHost.StartAsync();
        using var client = new RawHttpClient(host.Address.Host, host.Address.Port);
        await PrepareAsync(client);
        var failures = new List<string>();
        var answers = new SortedDictionary<int, int>();
        for (var i = 0; i < count; i++)
        {
            var request = steps[random.Next(steps.Count)];
            var body = Break((JsonObject)request["body"]!.DeepClone(), random);
            var path = InDefaultNamespace((string)request["path"]!);
            var answer = await SendAsync(client, request, path, body);
            answers[answer.Status] = answers.GetValueOrDefault(answer.Status) + 1;
            var text = Encoding.UTF8.GetString(answer.Body);
            if (answer.Status >= 500
                && answer.Status != 501
                && !UpstreamsOwn.Any(u => text.Contains(u, StringComparison.Ordinal)))
            {
                failures.Add($"{request["method"]} {path} {body.ToJsonString()}\n  => {text}");
            }
        }

        output.WriteLine(string.Join(' ', answers.Select(a => $"{a.Key}:{a.Value}")));
        Assert.True(
            failures.Count == 0, $"{failures.Count} of {count}:\n{string.Join('\n', failures.Take(10))}");
    }

    /// <summary>Objects for updates and patches to work on.</summary>
    private static async Task PrepareAsync(RawHttpClient client)
    {
        var account = new JsonObject { ["method"] = "POST" };
        await SendAsync(
            client,
            account,
            "/api/v1/namespaces/default/serviceaccounts",
            new JsonObject { ["metadata"] = new JsonObject { ["name"] = "default" } });
        var pod = JsonNode.Parse(
            """{"metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"i"}]}}""")!.AsObject();
        await SendAsync(client, account, "/api/v1/namespaces/default/pods", pod);
        await SendAsync(
            client,
            account,
            "/api/v1/namespaces/default/configmaps",
            new JsonObject { ["metadata"] = new JsonObject { ["name"] = "min" } });
        var service = JsonNode.Parse("""{"metadata":{"name":"min"},"spec":{"ports":[{"port":80}]}}""")!.AsObject();
        await SendAsync(client, account, "/api/v1/namespaces/default/services", service);
    }

    private static Task<RawAnswer> SendAsync(RawHttpClient client, JsonObject request, string path, JsonObject body)
    {
        var type = (string?)request["headers"]?["Content-Type"] ?? "application/json";
        return client.SendAsync(
            (string)request["method"]!, path,
            [new("Host", "x"), new("Authorization", $"Bearer {GoldenHost.Token}"), new("Content-Type", type.Contains("yaml", StringComparison.Ordinal) ? "application/json" : type)],
            Encoding.UTF8.GetBytes(body.ToJsonString()));
    }

    private static string InDefaultNamespace(string path)
    {
        var parts = path.Split('/');
        var at = Array.IndexOf(parts, "namespaces");
        if (at > 0 && parts.Length > at + 2)
        {
            parts[at + 1] = "default";
        }

        path = string.Join('/', parts);
        return path.Contains("dryRun", StringComparison.Ordinal)
            ? path
            : path + (path.Contains('?', StringComparison.Ordinal) ? "&" : "?") + "dryRun=All";
    }

    /// <summary>Replaces one value, wherever it is, by something else.</summary>
    private static JsonObject Break(JsonObject body, Random random)
    {
        if (body["metadata"] is JsonObject metadata)
        {
            metadata.Remove("namespace");
        }

        var places = new List<Action<JsonNode?>>();
        Collect(body, places);
        JsonNode?[] replacements = [null, new JsonObject(), new JsonArray(), "", "x", -1, 1.5, true, long.MaxValue, new JsonArray((JsonNode?)null), new JsonObject { ["x"] = null }];
        for (var i = random.Next(1, 3); i > 0 && places.Count > 0; i--)
        {
            places[random.Next(places.Count)](replacements[random.Next(replacements.Length)]?.DeepClone());
        }

        return body;
    }

    private static void Collect(JsonNode? node, List<Action<JsonNode?>> places)
    {
        if (node is JsonObject map)
        {
            foreach (var name in map.Select(p => p.Key).ToList())
            {
                places.Add(value => map[name] = value);
                Collect(map[name], places);
            }
        }
        else if (node is JsonArray list)
        {
            for (var i = 0; i < list.Count; i++)
            {
                var at = i;
                places.Add(value => list[at] = value);
                Collect(list[at], places);
            }
        }
    }
}
