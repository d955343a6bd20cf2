using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Api.Audit;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Logs;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Grains.Logs;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.Logs.Shipping;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Logs;

/// <summary>
/// Logs from a node's request to a reader's answer, through HTTP and PostgreSQL: nodes send those of their own pods, a
/// reader of one namespace sees no other.
/// </summary>
public sealed class LogHandlerTests
{
    private const string Nodes = "/apis/logs.orc.dev/v1/nodes";

    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_may_read_the_logs_of_a_namespace_finds_its_lines_and_no_others()
    {
        await using var host = await StartAsync();
        await SendAsync(host, "n1", "a", "web", "first error", "second");
        await SendAsync(host, "n1", "b", "db", "secret error");

        var lines = await SearchAsync(host, "jane", "/apis/logs.orc.dev/v1/namespaces/a/lines?query=error");
        Assert.Equal(["first error"], Texts(lines));
        Assert.Equal("web", (string?)lines["items"]![0]!["pod"]);
        Assert.Equal("n1", (string?)lines["items"]![0]!["node"]);
        Assert.Equal(
            ["secret error", "first error"],
            Texts(await SearchAsync(host, "admin", "/apis/logs.orc.dev/v1/lines?query=error")));
        foreach (var (path, place) in new[]
        {
            ("/apis/logs.orc.dev/v1/namespaces/b/lines", "in the namespace \"b\""),
            ("/apis/logs.orc.dev/v1/lines", "at the cluster scope"),
            ("/apis/logs.orc.dev/v1/namespaces/b/lines?watch=true", "in the namespace \"b\""),
        })
        {
            using var refused = await AskAsync(host, "jane", HttpMethod.Get, path);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
            Assert.Equal(
                $"pods is forbidden: User \"jane\" cannot get resource \"pods/log\" in API group \"\" {place}",
                (string?)(await JsonAsync(refused))["message"]);
        }
    }

    [Fact]
    public async Task A_node_sends_logs_of_its_own_pods_only()
    {
        await using var host = await StartAsync();
        await PutPodAsync(host, "a", "web", "n1");
        using var other = await AskAsync(host, "system:node:n2", HttpMethod.Post, $"{Nodes}/n1/streams",
            Streams("a", "web"));
        Assert.Equal(HttpStatusCode.Forbidden, other.StatusCode);
        Assert.Equal(0, (await OpenAsync(host, "n2", "a", "web")).Id);
        Assert.Equal(0, (await OpenAsync(host, "n1", "a", "gone")).Id);

        var stream = await OpenAsync(host, "n1", "a", "web");
        Assert.NotEqual(0, stream.Id);
        using var stolen = await PostAsync(host, "n2", Batch(stream, "not mine"));
        Assert.Equal(HttpStatusCode.Conflict, stolen.StatusCode);
        using var reader = await AskAsync(host, "system:node:n1", HttpMethod.Get, "/apis/logs.orc.dev/v1/lines");
        Assert.Equal(HttpStatusCode.Forbidden, reader.StatusCode);
    }

    [Fact]
    public async Task A_node_writes_no_events_of_its_pods()
    {
        await using var host = await StartAsync();
        var store = host.Silos.Services.GetRequiredService<ILogStore>();
        var events = new StreamName("a", "web", "a/Pod/web/u", StreamName.EventContainer, 0);
        var stream = await store.OpenStreamAsync(
            new LogStream { Name = events, Node = "n1", Labels = new Dictionary<string, string>() }, Token);
        using var opened = await AskAsync(
            host, "system:node:n1", HttpMethod.Post, $"{Nodes}/n1/streams", LogStreamList.Write([events]));
        Assert.Equal(0, LogStreamList.ReadAnswers(await opened.Content.ReadAsByteArrayAsync(Token))![0].Id);
        using var forged = await PostAsync(host, "n1", Batch(new LogStreamAnswer(stream.Id, 0, 0, 0), "Normal Fine"));
        Assert.Equal(HttpStatusCode.Conflict, forged.StatusCode);
    }

    [Fact]
    public async Task What_is_sent_twice_is_kept_once_and_a_node_that_starts_again_goes_on()
    {
        await using var host = await StartAsync();
        await PutPodAsync(host, "a", "web", "n1");
        var stream = await OpenAsync(host, "n1", "a", "web");
        using var first = await PostAsync(host, "n1", Batch(stream, "one", "two"));
        Assert.Equal(HttpStatusCode.NoContent, first.StatusCode);
        using var again = await PostAsync(host, "n1", Batch(stream, "one", "two"));
        Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);
        var after = await OpenAsync(host, "n1", "a", "web");
        Assert.Equal(stream with { File = 5, Offset = 2, Sequence = 2 }, after);
        using var nonsense = await PostAsync(host, "n1", [1, 2, 3]);
        Assert.Equal(HttpStatusCode.BadRequest, nonsense.StatusCode);
        Assert.Equal(["two", "one"], Texts(await SearchAsync(host, "admin", "/apis/logs.orc.dev/v1/lines")));
    }

    [Fact]
    public async Task Lines_survive_their_pod_and_are_found_by_what_it_was()
    {
        await using var host = await StartAsync();
        var pod = await PutPodAsync(host, "a", "web", "n1", """{"app":"shop"}""");
        using (await PostAsync(host, "n1", Batch(await OpenAsync(host, "n1", "a", "web"), "a", "level=error b",
            "c"))) { }

        await host.Silos.ObjectGrain(TestObjects.Pods, pod.Key).WriteAsync(TestObjects.Delete(pod), Token);
        const string Lines = "/apis/logs.orc.dev/v1/namespaces/a/lines?";
        Assert.Equal(3, Texts(await SearchAsync(host, "jane", Lines + "labelSelector=app%3Dshop")).Count);
        Assert.Empty(Texts(await SearchAsync(host, "jane", Lines + "labelSelector=app%3Dother")));
        Assert.Equal(3, Texts(await SearchAsync(host, "jane", Lines + "pod=web&container=main&node=n1")).Count);
        Assert.Empty(Texts(await SearchAsync(host, "jane", Lines + "pod=db")));
        var bad = await SearchAsync(host, "jane", Lines + "level=warning");
        Assert.Equal(["level=error b"], Texts(bad));
        var around = await SearchAsync(host, "jane", $"{Lines}around={bad["items"]![0]!["cursor"]}&context=1");
        Assert.Equal(["a", "level=error b", "c"], Texts(around));
        var page = await SearchAsync(host, "jane", Lines + "limit=2&order=oldest");
        Assert.Equal(["a", "level=error b"], Texts(page));
        Assert.Equal(["c"], Texts(await SearchAsync(
            host, "jane", $"{Lines}limit=2&order=oldest&continue={page["metadata"]!["continue"]}")));
        foreach (var query in (string[])["/(/", "/((a{40}){40}){40}/"])
        {
            using var wrong = await AskAsync(host, "jane", HttpMethod.Get, Lines + "query=" + query);
            Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        }
    }

    [Fact]
    public async Task Small_segments_are_merged_and_everything_is_still_found()
    {
        await using var host = await StartAsync();
        await PutPodAsync(host, "a", "web", "n1");
        for (var i = 0; i < 40; i++)
        {
            using var sent = await PostAsync(host, "n1", Batch(await OpenAsync(host, "n1", "a", "web"), $"line {i}"));
            Assert.Equal(HttpStatusCode.NoContent, sent.StatusCode);
        }

        var store = host.Silos.Services.GetRequiredService<PostgresLogStore>();
        var filter = new SegmentFilter { Limit = 1000 };
        Assert.Equal(40, (await store.ListSegmentsAsync(filter, Token)).Count);
        await host.Silos.Services.GetRequiredService<LogMaintenance>().RunAsync(Token);
        Assert.Equal(10, (await store.ListSegmentsAsync(filter, Token)).Count);
        var lines = await SearchAsync(host, "jane", "/apis/logs.orc.dev/v1/namespaces/a/lines?query=line&order=oldest");
        Assert.Equal(Enumerable.Range(0, 40).Select(static i => $"line {i}").Order(), Texts(lines).Order());
        Assert.Equal(["line 7"], Texts(await SearchAsync(host, "jane",
            "/apis/logs.orc.dev/v1/namespaces/a/lines?query=7")));
    }

    [Fact]
    public async Task Who_follows_is_told_of_lines_as_they_come()
    {
        await using var host = await StartAsync();
        await SendAsync(host, "n1", "a", "web", "old");
        using var request = Request("jane", HttpMethod.Get,
            "/apis/logs.orc.dev/v1/namespaces/a/lines?watch=true&sinceSeconds=3600");
        using var response = await host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        using var events = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
        Assert.Equal("old", await NextAsync(events));
        await SendAsync(host, "n1", "b", "db", "not hers");
        await SendAsync(host, "n1", "a", "api", "new");
        Assert.Equal("new", await NextAsync(events));
    }

    [Fact]
    public async Task Who_follows_holds_up_no_server_that_ends()
    {
        await using var host = await StartAsync();
        await SendAsync(host, "n1", "a", "web", "old");
        using var request = Request("jane", HttpMethod.Get,
            "/apis/logs.orc.dev/v1/namespaces/a/lines?watch=true&sinceSeconds=3600");
        using var response = await host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        using var events = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
        Assert.Equal("old", await NextAsync(events));
        await host.Services.GetRequiredService<ServerDrain>().StoppingAsync(Token);
        Assert.Equal((503, "the server is shutting down"), await EndAsync(events));
    }

    [Fact]
    public async Task Who_follows_is_told_why_no_more_lines_come()
    {
        await using var host = await StartAsync(static s => s.AddSingleton(new LogSearchOptions { MaxStreams = 1 }));
        await SendLabelledAsync(host, "web-1", "old");
        using var request = Request("jane", HttpMethod.Get,
            "/apis/logs.orc.dev/v1/namespaces/a/lines?watch=true&sinceSeconds=3600&labelSelector=app%3Dweb");
        using var response = await host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        using var events = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
        Assert.Equal("old", await NextAsync(events));
        await SendLabelledAsync(host, "web-2", "of one too many");
        Assert.Equal(
            (400, "more than 1 containers are meant: name a namespace, a pod or a workload"), await EndAsync(events));
    }

    /// <summary>The last event: it is an error, and nothing follows.</summary>
    private static async Task<(int Code, string? Message)> EndAsync(StreamReader events)
    {
        var end = JsonNode.Parse((await events.NextLineAsync())!)!;
        Assert.Equal(("ERROR", "Status"), ((string?)end["type"], (string?)end["object"]!["kind"]));
        Assert.Null(await events.NextLineAsync());
        return ((int)end["object"]!["code"]!, (string?)end["object"]!["message"]);
    }

    private static async Task SendLabelledAsync(ProtocolHost host, string pod, string line)
    {
        await PutPodAsync(host, "a", pod, "n1", """{"app":"web"}""");
        using var sent = await PostAsync(host, "n1", Batch(await OpenAsync(host, "n1", "a", pod), line));
        Assert.Equal(HttpStatusCode.NoContent, sent.StatusCode);
    }

    [Fact]
    public async Task Who_writes_without_end_takes_room_from_nobody_else()
    {
        await using var host = await StartAsync();
        await SendAsync(host, "n1", "a", "web", "the only line");
        const int Floods = 6;
        const int Bytes = 10_000;
        await PutPodAsync(host, "b", "db", "n1");
        for (var i = 0; i < Floods; i++)
        {
            var noise = Convert.ToHexString(RandomNumberGenerator.GetBytes(Bytes));
            using var sent = await PostAsync(host, "n1", Batch(await OpenAsync(host, "n1", "b", "db"), noise));
            Assert.Equal(HttpStatusCode.NoContent, sent.StatusCode);
        }

        var maintenance = new LogMaintenance(
            host.Silos.Services.GetRequiredService<PostgresLogStore>(),
            new LogStoreOptions { MaxBytes = Bytes * Floods / 2 }, TimeProvider.System,
            NullLogger<LogMaintenance>.Instance);
        await maintenance.RunAsync(Token);
        Assert.Equal(["the only line"], Texts(await SearchAsync(
            host, "admin", "/apis/logs.orc.dev/v1/namespaces/a/lines")));
        Assert.InRange(
            Texts(await SearchAsync(host, "admin", "/apis/logs.orc.dev/v1/namespaces/b/lines")).Count, 1, Floods / 2);
    }

    [Fact]
    public async Task A_node_sends_the_log_of_its_own_agent_and_of_no_other_part()
    {
        await using var host = await StartAsync();
        async Task<LogStreamAnswer> OpenAsync(StreamName name)
        {
            using var response = await AskAsync(
                host, "system:node:n1", HttpMethod.Post, $"{Nodes}/n1/streams", LogStreamList.Write([name]));
            response.EnsureSuccessStatusCode();
            return LogStreamList.ReadAnswers(await response.Content.ReadAsByteArrayAsync(Token))![0];
        }

        var own = await OpenAsync(OwnStreams.OfNode("n1"));
        using var kept = await PostAsync(host, "n1", Batch(own, "warn: Pods[3] a volume is busy"));
        Assert.Equal(HttpStatusCode.NoContent, kept.StatusCode);
        var found = await SearchAsync(
            host, "admin", "/apis/logs.orc.dev/v1/namespaces/kube-system/lines?level=warning&node=n1");
        Assert.Equal(["warn: Pods[3] a volume is busy"], Texts(found));
        Assert.Equal("node-agent-n1", (string?)found["items"]![0]!["pod"]);

        var (services, lines) = (new ServiceCollection(), new OwnLines(TimeProvider.System));
        services.AddLogging().AddSingleton(TimeProvider.System).AddOwnLogs("s");
        services.AddSingleton(lines);
        services.AddSingleton(host.Silos.Services.GetRequiredService<ILogStore>());
        services.AddSingleton(host.Services.GetRequiredService<ObjectReader>());
        await using var part = services.BuildServiceProvider();
        var shipper = Assert.Single(part.GetServices<IHostedService>());
        await shipper.StartAsync(Token);
        lines.Offer("info: Silo[1] ready");
        lines.Offer("fatal: Silo[2] the end");
        await shipper.StopAsync(Token);
        Assert.Equal(
            ["fatal: Silo[2] the end", "info: Silo[1] ready"],
            Texts(await SearchAsync(
                host, "admin", "/apis/logs.orc.dev/v1/namespaces/kube-system/lines?container=silo")));
        Assert.Equal(0, (await OpenAsync(OwnStreams.OfNode("n2"))).Id);
        Assert.Equal(0, (await OpenAsync(OwnStreams.OfSilo("s"))).Id);
        using var refused = await AskAsync(
            host, "jane", HttpMethod.Get, "/apis/logs.orc.dev/v1/namespaces/kube-system/lines");
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Fact]
    public async Task What_a_silo_audits_is_found_as_lines_beside_its_own()
    {
        const string Path = "/apis/logs.orc.dev/v1/namespaces/kube-system/lines";
        var policy = AuditPolicyReader.Read(
            """{"apiVersion":"audit.k8s.io/v1","kind":"Policy","rules":[{"level":"RequestResponse"}]}"""u8);
        await using var host = await StartAsync(services =>
        {
            services.AddAudit(policy);
            services.AddOwnLogs("s").AddOwnAudit("s");
        });
        using var asked = await AskAsync(host, "jane", HttpMethod.Get, "/api/v1/namespaces/a/secrets/none");
        using var request = Request("admin", HttpMethod.Get,
            $"{Path}?watch=true&sinceSeconds=3600&container=audit&query=user.username%3Djane");
        using var response = await host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        using var events = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
        var told = JsonNode.Parse((await NextAsync(events))!)!;
        Assert.Equal("/api/v1/namespaces/a/secrets/none", (string?)told["requestURI"]);
        Assert.Null(told["responseObject"]);
        using var refused = await AskAsync(host, "jane", HttpMethod.Get, Path);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Fact]
    public async Task Events_are_found_by_who_may_list_them_too()
    {
        await using var host = await StartAsync();
        await SendAsync(host, "n1", "a", "web", "a line of web");
        using var request = Request("eve", HttpMethod.Get,
            "/apis/logs.orc.dev/v1/namespaces/a/lines?watch=true&sinceSeconds=3600&source=events");
        using var response = await host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        await PutEventAsync(host, "b", "other", "db", "Killing");
        await PutEventAsync(host, "a", "backoff", "web", "BackOff");
        using (var events = new StreamReader(await response.Content.ReadAsStreamAsync(Token)))
        {
            Assert.Equal(
                "Warning BackOff pod/web: it is about web (reason=BackOff source=kubelet host=n1 count=3)",
                await NextAsync(events));
        }

        const string Lines = "/apis/logs.orc.dev/v1/namespaces/a/lines";
        var found = (await SearchAsync(host, "eve", $"{Lines}?query=reason%3DBackOff&pod=web&level=warning"))["items"]!
            .AsArray();
        Assert.Equal("event", (string?)Assert.Single(found)!["source"]);
        Assert.Equal("2026-11-28T10:00:00.000000000Z", (string?)found[0]!["time"]);
        Assert.Equal(2, Texts(await SearchAsync(host, "eve", $"{Lines}?pod=web")).Count);
        Assert.Equal(["a line of web"], Texts(await SearchAsync(host, "eve", $"{Lines}?source=programs")));
        Assert.Equal(["a line of web"], Texts(await SearchAsync(host, "jane", Lines)));
        Assert.Empty(Texts(await SearchAsync(host, "jane", $"{Lines}?context=5&around={found[0]!["cursor"]}")));
        Assert.Single(Texts(await SearchAsync(host, "eve", $"{Lines}?context=5&around={found[0]!["cursor"]}")));
        using var refused = await AskAsync(host, "jane", HttpMethod.Get, $"{Lines}?source=events");
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Equal(
            "events is forbidden: User \"jane\" cannot list resource \"events\" in API group \"\" "
            + "in the namespace \"a\"",
            (string?)(await JsonAsync(refused))["message"]);
        using var wrong = await AskAsync(host, "jane", HttpMethod.Get, $"{Lines}?source=stars");
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
    }

    private static async Task PutEventAsync(
        ProtocolHost host, string space, string name, string about, string reason)
    {
        var item = new JsonObject
        {
            ["kind"] = "Event", ["apiVersion"] = "v1", ["type"] = "Warning", ["reason"] = reason, ["count"] = 3,
            ["metadata"] = new JsonObject
            {
                ["name"] = name, ["namespace"] = space, ["uid"] = $"uid-{name}", ["resourceVersion"] = "",
            },
            ["involvedObject"] = new JsonObject { ["kind"] = "Pod", ["namespace"] = space, ["name"] = about },
            ["message"] = $"it is about {about}", ["lastTimestamp"] = "2026-11-28T10:00:00Z",
            ["source"] = new JsonObject { ["component"] = "kubelet", ["host"] = "n1" },
        };
        var written = await host.Silos.ObjectGrain(new ResourceName("", "events"), new ObjectKey(space, name))
            .WriteAsync(TestObjects.FromText(WriteKind.Create, 0, $"uid-{name}", item.ToJsonString()), Token);
        Assert.True(written.Succeeded);
    }

    [Fact]
    public async Task Without_a_store_the_answer_says_so()
    {
        await using var host = await ProtocolHost.StartAsync(configure: static s => s.AddCentralLogs());
        using var answer = await host.Http.GetAsync(new Uri("/apis/logs.orc.dev/v1/lines", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.NotImplemented, answer.StatusCode);
    }

    private static async Task<string?> NextAsync(StreamReader events) =>
        (string?)JsonNode.Parse((await events.ReadLineAsync(Token))!)!["object"]!["text"];

    private static async Task<ProtocolHost> StartAsync(Action<IServiceCollection>? configure = null) =>
        await ProtocolHost.StartAsync(
        new TestSilosOptions { ConnectionString = await PostgresFixture.CreateDatabaseAsync() },
        services =>
        {
            configure?.Invoke(services);
            services.AddSingleton<IAuthenticator, ByHeader>();
            services.AddSingleton<NodeRelations>();
            services.AddSingleton<IAuthorizer, NodeAuthorizer>();
            services.AddSingleton<IAuthorizer, JaneAndEveReadA>();
            services.AddCentralLogs();
        });

    private static async Task SendAsync(ProtocolHost host, string node, string space, string pod, params string[] lines)
    {
        await PutPodAsync(host, space, pod, node);
        using var sent = await PostAsync(host, node, Batch(await OpenAsync(host, node, space, pod), lines));
        Assert.Equal(HttpStatusCode.NoContent, sent.StatusCode);
    }

    private static async Task<ResourceObject> PutPodAsync(
        ProtocolHost host, string space, string pod, string node, string labels = "{}")
    {
        var key = new ObjectKey(space, pod);
        var spec = $$"""{"nodeName":"{{node}}","containers":[{"name":"main","image":"x"}]}""";
        var written = await host.Silos.ObjectGrain(TestObjects.Pods, key).WriteAsync(
            TestObjects.Create(key, spec, labels: labels), Token);
        return written.Required;
    }

    private static byte[] Streams(string space, string pod) =>
        LogStreamList.Write([new StreamName(space, pod, $"uid-{space}-{pod}", "main", 0)]);

    private static async Task<LogStreamAnswer> OpenAsync(ProtocolHost host, string node, string space, string pod)
    {
        using var response = await AskAsync(
            host, $"system:node:{node}", HttpMethod.Post, $"{Nodes}/{node}/streams", Streams(space, pod));
        response.EnsureSuccessStatusCode();
        return LogStreamList.ReadAnswers(await response.Content.ReadAsByteArrayAsync(Token))![0];
    }

    private static byte[] Batch(LogStreamAnswer stream, params string[] lines)
    {
        var block = new LineBlock();
        var now = LogTime.Of(TimeProvider.System.GetUtcNow());
        foreach (var line in lines)
        {
            block.Add(now + block.Count, default, Encoding.UTF8.GetBytes(line));
        }

        return new LogBatch([new BatchRun(stream.Id, stream.Sequence, lines.Length, 5, lines.Length)], block).Encode();
    }

    private static Task<HttpResponseMessage> PostAsync(ProtocolHost host, string node, byte[] batch) => AskAsync(
        host, $"system:node:{node}", HttpMethod.Post, $"{Nodes}/{node}/segments", batch, LogBatch.ContentType);

    private static async Task<JsonNode> SearchAsync(ProtocolHost host, string user, string path)
    {
        using var response = await AskAsync(host, user, HttpMethod.Get, path);
        var answer = await JsonAsync(response);
        Assert.True(response.IsSuccessStatusCode, answer.ToJsonString());
        return answer;
    }

    private static List<string?> Texts(JsonNode list) =>
        [.. list["items"]!.AsArray().Select(static i => (string?)i!["text"])];

    private static async Task<JsonNode> JsonAsync(HttpResponseMessage response) =>
        JsonNode.Parse(await response.Content.ReadAsByteArrayAsync(Token))!;

    private static async Task<HttpResponseMessage> AskAsync(
        ProtocolHost host, string user, HttpMethod method, string path, byte[]? body = null,
            string type = "application/json")
    {
        using var request = Request(user, method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };
        }

        return await host.Http.SendAsync(request, Token);
    }

    private static HttpRequestMessage Request(string user, HttpMethod method, string path) =>
        new(method, path) { Headers = { { "X-User", user } } };

    /// <summary>Eve may list events there, too.</summary>
    private sealed class JaneAndEveReadA : IAuthorizer
    {
        public ValueTask<AuthorizationDecision> AuthorizeAsync(
            AuthorizationAttributes attributes, CancellationToken cancellationToken) => new(
                attributes is { User.Name: "jane" or "eve", Verb: "get", Group: "", Resource: "pods",
                    Subresource: "log", Namespace: "a" }
                or { User.Name: "eve", Verb: "list", Group: "", Resource: "events", Namespace: "a" }
                    ? AuthorizationDecision.Allow
                    : AuthorizationDecision.NoOpinion());
    }
}
