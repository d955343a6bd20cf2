using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Grains.Logs;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Logs;

/// <summary>Each Event of the cluster becomes a line, once, whoever else does the same or did it before.</summary>
public sealed class EventFeedTests
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Feeds_that_compete_write_each_event_once()
    {
        const int Count = 40;
        await using var silos = await TestSilos.StartAsync(
            new TestSilosOptions { ConnectionString = await PostgresFixture.CreateDatabaseAsync() });
        var store = silos.Services.GetRequiredService<ILogStore>();
        using var search = new LogSearch(store, new LogSearchOptions(), TimeProvider.System);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var feeds = Enumerable.Range(0, 2).Select(
            _ => silos.Services.GetRequiredService<EventFeed>().RunAsync(ending.Token)).ToList();
        var told = new List<string>();
        await using var lines = new LogFollower(store, search).FollowAsync(new LogQuery(), Token)
            .GetAsyncEnumerator(Token);
        Assert.True(await lines.MoveNextAsync());
        for (var i = 0; i < Count; i++)
        {
            await WriteAsync(silos, i);
        }

        while (told.Count < Count && await lines.MoveNextAsync())
        {
            told.AddRange(lines.Current.Select(static l => l.Text));
        }

        await ending.CancelAsync();
        await Task.WhenAll(feeds);
        var page = await search.FindAsync(new LogQuery { Limit = 1000 }, Token);
        Assert.Equal(Enumerable.Range(0, Count).Select(TextOf).Order(), page.Lines.Select(static l => l.Text).Order());
        Assert.Empty((await search.FindAsync(new LogQuery { Origins = LogOrigins.Programs }, Token)).Lines);
        var ofOne = new LogQuery { Streams = new StreamFilter { Namespace = "b", Pod = "p1" } };
        Assert.Equal(
            Enumerable.Range(0, Count).Where(static i => i % 6 == 1).Select(TextOf).Order(),
            (await search.FindAsync(ofOne, Token)).Lines.Select(static l => l.Text).Order());
    }

    [Fact]
    public async Task Events_of_a_pod_have_its_labels_and_its_node_once_it_has_one()
    {
        await using var silos = await TestSilos.StartAsync(
            new TestSilosOptions { ConnectionString = await PostgresFixture.CreateDatabaseAsync() });
        var store = silos.Services.GetRequiredService<ILogStore>();
        using var search = new LogSearch(store, new LogSearchOptions(), TimeProvider.System);
        var feed = silos.Services.GetRequiredService<EventFeed>();
        var key = new ObjectKey("a", "p0");
        var made = await silos.ObjectGrain(WellKnown.Pods, key).WriteAsync(
            TestObjects.FromText(WriteKind.Create, 0, "up", PodText(node: "")), Token);
        Assert.True(made.Succeeded);
        var onNode = new LogQuery { Streams = new StreamFilter { Node = "n1" } };
        var labelled = new LogQuery
        {
            Streams = new StreamFilter { Labels = static l => l.GetValueOrDefault("app") == "web" },
        };
        await WriteAsync(silos, 0);
        await feed.StepAsync(Token);
        Assert.Empty((await search.FindAsync(onNode, Token)).Lines);

        var bound = await silos.ObjectGrain(WellKnown.Pods, key).WriteAsync(
            TestObjects.FromText(WriteKind.Update, made.Value.Revision, "up", PodText(node: "n1")), Token);
        Assert.True(bound.Succeeded);
        await WriteAsync(silos, 6);
        await WriteAsync(silos, 2);
        await feed.StepAsync(Token);
        string[] ofPod = [TextOf(0), TextOf(6)];
        Assert.Equal(ofPod, (await search.FindAsync(onNode, Token)).Lines.Select(static l => l.Text).Order());
        Assert.Equal(ofPod, (await search.FindAsync(labelled, Token)).Lines.Select(static l => l.Text).Order());
    }

    private static string PodText(string node) =>
        $$$"""
        {"kind":"Pod","apiVersion":"v1","metadata":{"name":"p0","namespace":"a","uid":"up","resourceVersion":"",
        "labels":{"app":"web"}},
        "spec":{"nodeName":"{{{node}}}","containers":[]}}
        """;

    [Theory]
    [InlineData(
        """
        {"type":"Normal","reason":"R","message":"m\n","involvedObject":{"kind":"Node","name":"n1"},
        "reportingComponent":"c","eventTime":"2026-01-02T03:04:05.000006Z",
        "series":{"count":7,"lastObservedTime":"2026-01-02T03:05:00.000000Z"}}
        """,
        "Normal R node/n1: m (reason=R source=c count=7)", "2026-01-02T03:05:00.000000000Z", Severity.Info)]
    [InlineData(
        """
        {"type":"Warning","reason":"R","message":"m","involvedObject":{"kind":"Pod","name":"p"},"count":1,
        "firstTimestamp":"2026-01-02T03:04:05Z"}
        """,
        "Warning R pod/p: m (reason=R)", "2026-01-02T03:04:05.000000000Z", Severity.Warning)]
    [InlineData(
        """{"type":"Odd","eventTime":"2199-01-01T00:00:00.000000Z"}""",
        "Odd  /:  (reason=)", "2026-11-02T00:00:00.000000000Z", Severity.Info)]
    public void A_line_says_what_happened_and_when(string fields, string text, string time, Severity severity)
    {
        var json = $$"""{"kind":"Event","apiVersion":"v1","metadata":{"name":"e","namespace":"a"},{{fields[1..]}}""";
        var now = DateTimeOffset.Parse("2026-11-01T00:00:00Z", CultureInfo.InvariantCulture);
        var line = EventLine.Of(
            new ResourceObject(new ObjectKey("a", "e"), "u", 3, Encoding.UTF8.GetBytes(json)), now);
        Assert.Equal(text, Encoding.UTF8.GetString(line.Text));
        Assert.Equal(time, LogTime.Format(line.Time));
        Assert.Equal(severity, line.Severity);
    }

    private static string TextOf(int i) => $"Normal Started pod/p{i % 3}: event {i} (reason=Started source=kubelet)";

    private static async Task WriteAsync(TestSilos silos, int i)
    {
        var key = new ObjectKey(i % 2 == 0 ? "a" : "b", $"e{i}");
        var item = new JsonObject
        {
            ["kind"] = "Event", ["apiVersion"] = "v1", ["type"] = "Normal", ["reason"] = "Started",
            ["metadata"] = new JsonObject
            {
                ["name"] = key.Name, ["namespace"] = key.Namespace, ["uid"] = $"u{i}", ["resourceVersion"] = "",
            },
            ["involvedObject"] = new JsonObject
            {
                ["kind"] = "Pod", ["namespace"] = key.Namespace, ["name"] = $"p{i % 3}",
            },
            ["message"] = $"event {i}", ["lastTimestamp"] = "2026-11-28T10:00:00Z",
            ["source"] = new JsonObject { ["component"] = "kubelet" },
        };
        var written = await silos.ObjectGrain(WellKnown.Events, key).WriteAsync(
            TestObjects.FromText(WriteKind.Create, 0, $"u{i}", item.ToJsonString()), Token);
        Assert.True(written.Succeeded);
    }
}
