using System.Text;
using System.Text.Json.Nodes;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Silos;

/// <summary>
/// Controllers at work while one silo after the other is killed: in the end everything is as it was asked for, nothing
/// is there twice, and every index of a Job ran to its end once.
/// </summary>
[Collection("silos")]
public sealed class ControllersTests(ITestOutputHelper output)
{
    private const int Nodes = 5;
    private const int Jobs = 4;
    private const int Completions = 8;

    private const string Apps = "/apis/apps/v1/namespaces/default";
    private const string Batch = "/apis/batch/v1/namespaces/default";
    private const string Pods = "/api/v1/namespaces/default/pods";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task What_controllers_began_is_brought_to_its_end_whichever_silo_is_killed()
    {
        var random = new Random(TestSeed.Current);
        await using var group = new SiloGroup { Arguments = ["--hollow-nodes", $"{Nodes}"] };
        await group.InitializeAsync();
        using var http = FailoverProbe.Client();
        var api = new Api(group, http, random);
        try
        {
            await BeginAsync(api);
            for (var place = 0; place < group.Silos.Count; place++)
            {
                var killed = group.Silos[place].KillAsync();
                await ChangeAsync(api, place);
                await killed;
                await group.StartAsync(place);
            }

            await EndsAsync(api);
        }
        catch (Exception) when (Tell(group))
        {
            throw;
        }
    }

    private static async Task BeginAsync(Api api)
    {
        await api.CreateAsync($"{Apps}/deployments", "web", Set("web", ",\"replicas\":12"));
        await api.CreateAsync($"{Apps}/statefulsets", "db", Set("db", ",\"replicas\":3,\"serviceName\":\"db\""));
        await api.CreateAsync($"{Apps}/daemonsets", "agent", Set("agent", ""));
        await api.CreateAsync(
            "/api/v1/namespaces/default/services", "web", """{"selector":{"app":"web"},"ports":[{"port":80}]}""");
        for (var i = 0; i < Jobs; i++)
        {
            var template = Template("job", "Never", "\"hollow-node/run-duration\":\"300ms\"");
            await api.CreateAsync(
                $"{Batch}/jobs", $"job{i}",
                $$"""
                {"completions": {{Completions}}, "parallelism": 3, "completionMode": "Indexed",
                 "template": {{template}} }
                """);
        }
    }

    /// <summary>Something for each controller to do, just when a silo goes.</summary>
    private static async Task ChangeAsync(Api api, int place)
    {
        var image = $$"""
            {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "demo:{{place + 2}}"}]} } } }
            """;
        foreach (var set in new[] { "deployments/web", "statefulsets/db", "daemonsets/agent" })
        {
            await api.PatchAsync($"{Apps}/{set}", image);
        }

        await api.PatchAsync($"{Apps}/deployments/web", $$"""{"spec": {"replicas": {{15 - place}} } }""");
    }

    private static async Task EndsAsync(Api api)
    {
        await api.UntilAsync($"{Apps}/deployments/web", static d => IsSettled(d) && Number(d, "replicas") == 13
            && Number(d, "updatedReplicas") == 13 && Number(d, "availableReplicas") == 13);
        await api.UntilAsync($"{Apps}/statefulsets/db", static s => IsSettled(s)
            && Number(s, "readyReplicas") == 3 && Text(s, "currentRevision") == Text(s, "updateRevision"));
        await api.UntilAsync($"{Apps}/daemonsets/agent", static d => IsSettled(d)
            && Number(d, "numberReady") == Nodes && Number(d, "updatedNumberScheduled") == Nodes);
        for (var i = 0; i < Jobs; i++)
        {
            await api.UntilAsync(
                $"{Batch}/jobs/job{i}",
                static j => Number(j, "succeeded") == Completions
                    && Text(j, "completedIndexes") == $"0-{Completions - 1}");
        }

        // What goes is gone, and what is left is what was asked for, once.
        await api.UntilAsync(Pods, static pods => Of(pods, "web").Count() == 13 && Of(pods, "agent").Count() == Nodes
            && Of(pods, "db").Select(Name).Order(StringComparer.Ordinal).SequenceEqual(["db-0", "db-1", "db-2"]));
        var all = await api.GetAsync(Pods);
        Assert.Distinct(Of(all, "agent").Select(static p => (string?)p["spec"]!["nodeName"]));
        var ended = Of(all, "job").Where(static p => Text(p, "phase") == "Succeeded").Select(
            static p => (Label(p, "job-name"), Label(p, "batch.kubernetes.io/job-completion-index"))).ToList();
        Assert.Equal(Jobs * Completions, ended.Count);
        Assert.Distinct(ended);
        await api.UntilAsync(
            "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
            static slices =>
                slices["items"]!.AsArray().Where(static s => Label(s!, "kubernetes.io/service-name") == "web")
                    .Sum(static s => (s!["endpoints"] as JsonArray)?.Count ?? 0) == 13);
    }

    private static bool IsSettled(JsonNode item) =>
        Number(item, "observedGeneration") == (long?)item["metadata"]!["generation"];

    private static long? Number(JsonNode item, string name) => (long?)item["status"]?[name];

    private static string? Text(JsonNode item, string name) => (string?)item["status"]?[name];

    private static string Name(JsonNode item) => (string)item["metadata"]!["name"]!;

    private static string? Label(JsonNode item, string name) => (string?)item["metadata"]!["labels"]![name];

    private static IEnumerable<JsonNode> Of(JsonNode pods, string app) =>
        pods["items"]!.AsArray().OfType<JsonNode>().Where(p => (string?)p["metadata"]!["labels"]?["app"] == app);

    private static string Set(string app, string more) =>
        $$"""
        {"selector": {"matchLabels": {"app": "{{app}}"} }, "template": {{Template(app, "Always", "")}} {{more}} }
        """;

    private static string Template(string app, string restart, string annotations) => $$"""
        {"metadata": {"labels": {"app": "{{app}}"}, "annotations": { {{annotations}} } },
         "spec": {"restartPolicy": "{{restart}}", "containers": [{"name": "main", "image": "demo:1"}]} }
        """;

    private bool Tell(SiloGroup group)
    {
        output.WriteLine(group.Logs());
        return true;
    }

    /// <summary>The API behind all silos that are up: asked again while one is gone.</summary>
    private sealed class Api(SiloGroup group, HttpClient http, Random random)
    {
        public Task CreateAsync(string path, string name, string spec) => DoAsync(
            HttpMethod.Post, path, $$"""{"metadata": {"name": "{{name}}"}, "spec": {{spec}} }""", "application/json",
            static status => status is 201 or 409);

        public Task PatchAsync(string path, string patch) => DoAsync(
            HttpMethod.Patch, path, patch, "application/strategic-merge-patch+json", static status => status == 200);

        public Task<JsonNode> GetAsync(string path) =>
            DoAsync(HttpMethod.Get, path, null, "", static status => status == 200);

        public async Task UntilAsync(string path, Func<JsonNode, bool> holds)
        {
            var found = await Patiently.LastAsync(Patience, () => GetAsync(path), holds);
            Assert.True(holds(found), $"{path} is still {found.ToJsonString()}");
        }

        private Task<JsonNode> DoAsync(
            HttpMethod method, string path, string? body, string type, Func<int, bool> isWell) =>
            Patiently.FoundAsync(Patience, async bound =>
            {
                var silo = group.Any(random);
                try
                {
                    using var request = new HttpRequestMessage(method, new Uri(silo.Url, path))
                    {
                        Content = body is null ? null : new StringContent(body, Encoding.UTF8, type),
                    };
                    using var answer = await http.SendAsync(request, bound);
                    var text = await answer.Content.ReadAsStringAsync(bound);
                    if (isWell((int)answer.StatusCode))
                    {
                        return JsonNode.Parse(text);
                    }

                    Assert.True((int)answer.StatusCode is 409 or 429 or >= 500, $"{method} {path}: {text}");
                }
                catch (Exception lost) when (
                    lost is HttpRequestException or IOException
                        or TaskCanceledException { InnerException: TimeoutException })
                {
                    // Another silo answers.
                }

                return null;
            });
    }
}
