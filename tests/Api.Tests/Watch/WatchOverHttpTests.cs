using System.Text.Json.Nodes;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Watch;

public sealed class WatchOverHttpTests
{
    private const string Path = "/api/v1/namespaces/one/configmaps";

    [Fact]
    public async Task BeginsWithTheStateMarksItsEndAndFollows()
    {
        await using var host = await ProtocolHost.StartAsync();
        var a = await host.PutAsync(new ObjectKey("one", "a"), "{}");
        await host.PutAsync(new ObjectKey("two", "b"), "{}");
        await using var watch = await OpenAsync(
            host, $"{Path}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");

        Assert.Equal("ADDED a", Brief(await watch.NextAsync()));
        var mark = await watch.NextAsync();
        Assert.Equal("BOOKMARK", (string)mark["type"]!);
        Assert.Equal("true", (string)mark["object"]!["metadata"]!["annotations"]!["k8s.io/initial-events-end"]!);
        Assert.Equal("ConfigMap", (string)mark["object"]!["kind"]!);

        var changed = await host.PutAsync(new ObjectKey("one", "a"), "{}", "{\"x\":\"1\"}", a.Revision);
        Assert.Equal("MODIFIED a", Brief(await watch.NextAsync()));
        await host.DeleteAsync(changed);
        Assert.Equal("DELETED a", Brief(await watch.NextAsync()));
    }

    [Fact]
    public async Task ResumesAfterARevisionWithASelector()
    {
        await using var host = await ProtocolHost.StartAsync();
        var a = await host.PutAsync(new ObjectKey("one", "a"), "{\"w\":\"1\"}");
        var moved = await host.PutAsync(new ObjectKey("one", "a"), "{\"w\":\"2\"}", expected: a.Revision);
        await using var watch =
            await OpenAsync(host, $"{Path}?watch=true&labelSelector=w%3D1&resourceVersion={a.Revision}");

        var left = await watch.NextAsync();
        Assert.Equal("DELETED a", Brief(left));
        Assert.Equal(ProtocolHost.Text(moved.Revision), (string)left["object"]!["metadata"]!["resourceVersion"]!);
        Assert.Equal("1", (string)left["object"]!["metadata"]!["labels"]!["w"]!);
    }

    /// <summary>What an empty list shows is good to watch from; 1 is what clients take for surely too old.</summary>
    [Fact]
    public async Task BeginsWhereAnEmptyListEndsAndNotAtRevision1()
    {
        await using var host = await ProtocolHost.StartAsync();
        var empty = (string)(await host.GetJsonAsync(Path))["metadata"]!["resourceVersion"]!;
        await using var watch = await OpenAsync(host, $"{Path}?watch=true&resourceVersion={empty}");
        await host.PutAsync(new ObjectKey("one", "a"), "{}");
        Assert.Equal("ADDED a", Brief(await watch.NextAsync()));
        await using var late = await OpenAsync(host, $"{Path}?watch=true&resourceVersion={empty}");
        Assert.Equal("ADDED a", Brief(await late.NextAsync()));

        await using var tooOld = await OpenAsync(host, $"{Path}?watch=true&resourceVersion=1");
        var refused = await tooOld.NextAsync();
        Assert.Equal(("ERROR", "Expired"), ((string)refused["type"]!, (string)refused["object"]!["reason"]!));
        Assert.Null(await tooOld.TryNextAsync());
    }

    /// <summary>That a state does not come is told in the stream, as upstream's cache does.</summary>
    [Theory]
    [InlineData("application/json")]
    [InlineData("application/json;as=Table;v=v1;g=meta.k8s.io")]
    public async Task SaysThatItsStateDoesNotCome(string accept)
    {
        await using var host = await ProtocolHost.StartAsync();
        const string Query = "watch=true&resourceVersion=99999999&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
        await using var watch = await OpenAsync(host, $"{Path}?{Query}", accept);
        var refused = await watch.NextAsync();
        Assert.Equal(("ERROR", "Timeout"), ((string)refused["type"]!, (string)refused["object"]!["reason"]!));
        Assert.Equal("ResourceVersionTooLarge", (string)refused["object"]!["details"]!["causes"]![0]!["reason"]!);
        Assert.Null(await watch.TryNextAsync());
    }

    [Theory]
    [InlineData("1")]
    [InlineData("-1")]
    [InlineData("-9223372036854775808")]
    public async Task EndsWhenItsTimeIsOver(string seconds)
    {
        await using var host = await ProtocolHost.StartAsync();
        await using var watch = await OpenAsync(
            host, $"{Path}?watch=true&timeoutSeconds={seconds}&resourceVersion=99999999");
        Assert.Null(await watch.TryNextAsync());
    }

    [Fact]
    public async Task TablesCarryTheirColumnsOnce()
    {
        await using var host = await ProtocolHost.StartAsync();
        await host.PutAsync(new ObjectKey("one", "a"), "{}");
        await host.PutAsync(new ObjectKey("one", "b"), "{}");
        await using var watch =
            await OpenAsync(host, $"{Path}?watch=true", "application/json;as=Table;v=v1;g=meta.k8s.io");
        Assert.NotNull((await watch.NextAsync())["object"]!["columnDefinitions"]);
        var second = (await watch.NextAsync())["object"]!;
        Assert.Null(second["columnDefinitions"]);
        Assert.Equal("b", (string)second["rows"]![0]!["cells"]![0]!);
        Assert.Equal("PartialObjectMetadata", (string)second["rows"]![0]!["object"]!["kind"]!);
    }

    [Fact]
    public async Task AListFormEndsTheStream()
    {
        await using var host = await ProtocolHost.StartAsync();
        await host.PutAsync(new ObjectKey("one", "a"), "{}");
        await using var watch = await OpenAsync(
            host, $"{Path}?watch=maybe", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io");
        Assert.Null(await watch.TryNextAsync());
    }

    /// <summary>A watcher that does not read is cut; one beside it gets everything (P7).</summary>
    [Fact]
    public async Task ASlowWatcherIsCutAndOthersAreUnharmed()
    {
        await using var host = await ProtocolHost.StartAsync(
            new TestSilosOptions { ConfigureCaches = o => (o.WatcherEvents, o.RingEvents) = (8, 8) });
        var cache = await host.Caches.GetAsync(ProtocolHost.ConfigMaps, CancellationToken.None);
        using var slow =
            cache.Watch(new CacheWatchRequest { AfterRevision = cache.Current.Revision, Namespace = "one" });
        Assert.Empty((await slow.ReadAsync(1, TimeSpan.Zero, CancellationToken.None)).Events);
        await using var healthy = await OpenAsync(host, $"{Path}?watch=true&resourceVersion={cache.Current.Revision}");
        for (var i = 0; i < 30; i++)
        {
            await host.PutAsync(new ObjectKey("one", $"n{i:d2}"), "{}");
            Assert.Equal($"ADDED n{i:d2}", Brief(await healthy.NextAsync()));
        }

        Assert.Equal(CacheWatchEnd.Overflow, (await slow.ReadAsync(1, TimeSpan.Zero, CancellationToken.None)).End);
    }

    private static string Brief(JsonNode item) => $"{item["type"]} {item["object"]!["metadata"]!["name"]}";

    private static async Task<OpenWatch> OpenAsync(ProtocolHost host, string path, string accept = "application/json")
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        var response = await host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        return new OpenWatch(response, new StreamReader(await response.Content.ReadAsStreamAsync()));
    }

    private sealed class OpenWatch(HttpResponseMessage response, StreamReader lines) : IAsyncDisposable
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

        public async Task<JsonNode?> TryNextAsync() =>
            await lines.ReadLineAsync().WaitAsync(Patience) is { } line ? JsonNode.Parse(line) : null;

        public async Task<JsonNode> NextAsync() =>
            await TryNextAsync() ?? throw new InvalidOperationException("The stream ended.");

        public ValueTask DisposeAsync()
        {
            lines.Dispose();
            response.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
