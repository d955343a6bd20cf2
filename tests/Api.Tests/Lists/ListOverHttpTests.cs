using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Lists;

public sealed class ListOverHttpTests
{
    private const string Path = "/api/v1/namespaces/one/configmaps";

    [Fact]
    public async Task PagesAreOneSnapshotWhileWritesGoOn()
    {
        await using var host = await ProtocolHost.StartAsync();
        for (var i = 0; i < 5; i++)
        {
            await host.PutAsync(new ObjectKey("one", $"c{i}"), "{}");
        }

        var first = await host.GetJsonAsync($"{Path}?limit=2");
        Assert.Equal(3, (int)first["metadata"]!["remainingItemCount"]!);
        await host.PutAsync(new ObjectKey("one", "c05"), "{}");
        var token = (string)first["metadata"]!["continue"]!;
        var rest = await host.GetJsonAsync($"{Path}?limit=10&continue={token}");
        Assert.Equal(["c2", "c3", "c4"], Names(rest));
        Assert.Equal((string)first["metadata"]!["resourceVersion"]!, (string)rest["metadata"]!["resourceVersion"]!);
    }

    /// <summary>
    /// A token ends five minutes after its first page, also where nothing has been written since; the refusal holds one
    /// that goes on from the same key at the newest revision, which is another one, and which no watch sees come.
    /// </summary>
    [Fact]
    public async Task ATokenEndsAndGoesOnInconsistently()
    {
        var time = new ManualTime();
        await using var host = await ProtocolHost.StartAsync(
            configure: services => services.AddSingleton<TimeProvider>(time));
        foreach (var name in (string[])["a", "b", "c", "d"])
        {
            await host.PutAsync(new ObjectKey("one", name), "{}");
        }

        var first = await host.GetJsonAsync($"{Path}?limit=1");
        time.Advance(ContinueToken.Lifetime - TimeSpan.FromSeconds(1));
        var second = await host.GetJsonAsync($"{Path}?limit=1&continue={Token(first)}");
        Assert.Equal(["b"], Names(second));
        time.Advance(TimeSpan.FromSeconds(2));

        var ended = await host.GetJsonAsync($"{Path}?limit=1&continue={Token(second)}");
        Assert.Equal("Expired", (string)ended["reason"]!);
        Assert.Equal(410, (int)ended["code"]!);
        Assert.Equal(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list " +
            "without the continue parameter, or use the continue token in this response to retrieve the remainder of the " +
            "results. Continuing with the provided token results in an inconsistent list - objects that were created, " +
            "modified, or deleted between the time the first chunk was returned and now may show up in the list.",
            (string)ended["message"]!);

        var unchanged = await host.GetJsonAsync($"{Path}?limit=1&continue={Token(ended)}");
        Assert.Equal(["c"], Names(unchanged));
        Assert.NotEqual(Revision(first), Revision(unchanged));
        Assert.Equal(Revision(unchanged), Revision(await host.GetJsonAsync($"{Path}?limit=1&continue={Token(ended)}")));
        Assert.Equal(["d"], Names(await host.GetJsonAsync($"{Path}?continue={Token(unchanged)}")));

        var late = await host.PutAsync(new ObjectKey("one", "bb"), "{}");
        var rest = await host.GetJsonAsync($"{Path}?limit=2&continue={Token(ended)}");
        Assert.Equal(["bb", "c"], Names(rest));
        Assert.Equal(ProtocolHost.Text(late.Revision), (string)rest["metadata"]!["resourceVersion"]!);
        await host.PutAsync(new ObjectKey("one", "cc"), "{}");
        var last = await host.GetJsonAsync($"{Path}?limit=2&continue={Token(rest)}");
        Assert.Equal(["d"], Names(last));

        using var watcher = (await host.Caches.GetAsync(WellKnown.ConfigMaps, TestContext.Current.CancellationToken))
            .Watch(new CacheWatchRequest { AfterRevision = long.Parse(Revision(first), CultureInfo.InvariantCulture) });
        var seen = await watcher.ReadAsync(10, TimeSpan.Zero, TestContext.Current.CancellationToken);
        Assert.Equal(["bb", "cc"], seen.Events.Select(static e => e.Object.Key.Name));
    }

    /// <summary>The version beside a token is refused, whatever it is; the token is read before it.</summary>
    [Fact]
    public async Task ATokenIsReadBeforeTheVersionBesideIt()
    {
        await using var host = await ProtocolHost.StartAsync();
        await host.PutAsync(new ObjectKey("one", "a"), "{}");
        await host.PutAsync(new ObjectKey("one", "b"), "{}");
        var token = Token(await host.GetJsonAsync($"{Path}?limit=1"));
        foreach (var version in (string[])["7", "abc"])
        {
            var beside = await host.GetJsonAsync($"{Path}?continue={token}&resourceVersion={version}");
            Assert.Equal("specifying resource version is not allowed when using continue", (string)beside["message"]!);
            var unread = await host.GetJsonAsync($"{Path}?continue=abc&resourceVersion={version}");
            Assert.StartsWith("invalid continue token: ", (string)unread["message"]!, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ATokenOfAnyFutureIsTakenForOneOfNow()
    {
        await using var host = await ProtocolHost.StartAsync();
        await host.PutAsync(new ObjectKey("one", "a"), "{}");
        await host.PutAsync(new ObjectKey("one", "b"), "{}");
        var revision = (string)(await host.GetJsonAsync(Path))["metadata"]!["resourceVersion"]!;
        var token = new ContinueToken(long.Parse(revision, CultureInfo.InvariantCulture), "a\0", long.MaxValue).Encode();
        Assert.Equal(["b"], Names(await host.GetJsonAsync($"{Path}?limit=1&continue={token}")));
    }

    [Fact]
    public async Task SnapshotsOfPagedListsAreLetGoWhenNobodyGoesOn()
    {
        var time = new ManualTime();
        await using var host = await ProtocolHost.StartAsync(
            configure: services => services.AddSingleton<TimeProvider>(time));
        var shelf = host.Services.GetRequiredService<SnapshotShelf>();
        await host.PutAsync(new ObjectKey("one", "a"), "{}");
        for (var i = 0; i < SnapshotShelf.MaxPerResource + 2; i++)
        {
            await host.PutAsync(new ObjectKey("one", $"b{i}"), "{}");
            await host.GetJsonAsync($"{Path}?limit=1");
        }

        Assert.Equal(SnapshotShelf.MaxPerResource, shelf.Count);
        time.Advance(SnapshotShelf.Retention + SnapshotShelf.SweepInterval);
        Assert.Equal(0, shelf.Count);
    }

    [Fact]
    public async Task SnapshotsOfPagedListsAreLetGoWhenTheyKeepTooMuch()
    {
        var time = new ManualTime();
        await using var host = await ProtocolHost.StartAsync(
            configure: services => services.AddSingleton<TimeProvider>(time));
        var shelf = host.Services.GetRequiredService<SnapshotShelf>();
        await host.PutAsync(new ObjectKey("one", "a"), "{}");
        var large = $"{{\"x\":\"{new string('x', 1_000_000)}\"}}";
        var revision = (await host.PutAsync(new ObjectKey("one", "large"), "{}", large)).Revision;
        await host.GetJsonAsync($"{Path}?limit=1");
        for (var replaced = 0L; replaced <= SnapshotShelf.MaxBytes; replaced += large.Length)
        {
            revision = (await host.PutAsync(new ObjectKey("one", "large"), "{}", large, revision)).Revision;
        }

        await (await host.Caches.GetAsync(ProtocolHost.ConfigMaps, default)).AtLeastAsync(revision, default);
        Assert.Equal(1, shelf.Count);
        time.Advance(SnapshotShelf.SweepInterval);
        Assert.Equal(0, shelf.Count);
    }

    [Fact]
    public async Task AnExactRevisionIsServedFromTheLog()
    {
        await using var host = await ProtocolHost.StartAsync();
        await host.PutAsync(new ObjectKey("one", "a"), "{}");
        var b = await host.PutAsync(new ObjectKey("one", "b"), "{}");
        var c = await host.PutAsync(new ObjectKey("one", "c"), "{}");
        await host.DeleteAsync(c);
        var then = await host.GetJsonAsync($"{Path}?resourceVersion={c.Revision}&resourceVersionMatch=Exact");
        Assert.Equal(["a", "b", "c"], Names(then));
        var limited = await host.GetJsonAsync($"{Path}?resourceVersion={b.Revision}&limit=1");
        Assert.Equal(ProtocolHost.Text(b.Revision), (string)limited["metadata"]!["resourceVersion"]!);
        Assert.Equal(1, (int)limited["metadata"]!["remainingItemCount"]!);
    }

    /// <summary>Upstream reads the object of a name by its key, where a limit makes neither pages nor an exact version.
    /// </summary>
    [Theory]
    [InlineData(Path, "metadata.name%3Da")]
    [InlineData("/api/v1/configmaps", "metadata.name%3Da,metadata.namespace%3Done")]
    public async Task OneObjectHasNoPages(string path, string selector)
    {
        await using var host = await ProtocolHost.StartAsync();
        var old = await host.PutAsync(new ObjectKey("one", "a"), "{}");
        await host.PutAsync(new ObjectKey("one", "b"), "{}");
        var newest = await host.PutAsync(new ObjectKey("one", "a"), "{}", "{\"x\":\"1\"}", old.Revision);
        foreach (var version in (string[])["", $"&resourceVersion={old.Revision}"])
        {
            var list = await host.GetJsonAsync($"{path}?fieldSelector={selector}&limit=1{version}");
            Assert.Equal(["a"], Names(list));
            Assert.Null(list["metadata"]!["continue"]);
            Assert.Equal(ProtocolHost.Text(newest.Revision), Revision(list));
        }

        var exact = await host.GetJsonAsync(
            $"{path}?fieldSelector={selector}&limit=1&resourceVersion={old.Revision}&resourceVersionMatch=Exact");
        Assert.Equal(ProtocolHost.Text(old.Revision), Revision(exact));
    }

    [Fact]
    public async Task AFutureRevisionIsRefusedAfterAWait()
    {
        await using var host = await ProtocolHost.StartAsync();
        using var response = await host.Http.GetAsync($"{Path}?resourceVersion=99999999");
        Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
        Assert.Equal("1", response.Headers.GetValues("Retry-After").Single());
        var status = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.StartsWith(
            "Timeout: Too large resource version: 99999999, current: ",
            (string)status["message"]!,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task SelectorsAndFormsWorkTogether()
    {
        await using var host = await ProtocolHost.StartAsync();
        await host.PutAsync(new ObjectKey("one", "a"), "{\"w\":\"1\"}", "{\"k\":\"v\"}");
        await host.PutAsync(new ObjectKey("one", "b"), "{\"w\":\"2\"}");
        var list = await host.GetJsonAsync($"{Path}?labelSelector=w%3D1");
        Assert.Equal("ConfigMapList", (string)list["kind"]!);
        Assert.False(list["items"]![0]!.AsObject().ContainsKey("kind"));
        Assert.Equal("v", (string)list["items"]![0]!["data"]!["k"]!);

        var table = await host.GetJsonAsync(
            $"{Path}?fieldSelector=metadata.name%3Db&includeObject=None",
            "application/json;as=Table;v=v1;g=meta.k8s.io");
        Assert.Equal("b", (string)table["rows"]!.AsArray().Single()!["cells"]![0]!);
        Assert.Null(table["rows"]![0]!["object"]);

        var none = await host.GetJsonAsync(
            $"{Path}?labelSelector=w%3D3", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io");
        Assert.True(none.AsObject().ContainsKey("items"));
        Assert.Null(none["items"]);
    }

    [Fact]
    public async Task LargeListsAreCompressedForWhoAsks()
    {
        await using var host = await ProtocolHost.StartAsync();
        for (var i = 0; i < 3; i++)
        {
            await host.PutAsync(new ObjectKey("one", $"big{i}"), "{}", $"{{\"x\":\"{new string('x', 60_000)}\"}}");
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, Path);
        request.Headers.Add("Accept-Encoding", "gzip");
        using var response = await host.Http.SendAsync(request);
        Assert.Equal(["gzip"], response.Content.Headers.ContentEncoding);
        await using var plain = new GZipStream(await response.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
        Assert.Equal(3, (await JsonNode.ParseAsync(plain))!["items"]!.AsArray().Count);
        var uncompressed = await host.GetJsonAsync(Path);
        Assert.Equal(3, uncompressed["items"]!.AsArray().Count);
    }

    /// <summary>How long a table or metadata is shows only when it has been written.</summary>
    [Theory]
    [InlineData("as=Table;g=meta.k8s.io;v=v1", "rows", 3, false)]
    [InlineData("as=Table;g=meta.k8s.io;v=v1", "rows", 1000, true)]
    [InlineData("as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", "items", 3, false)]
    [InlineData("as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", "items", 1000, true)]
    public async Task TablesAndMetadataAreCompressedWhenTheyTurnOutLong(
        string form, string list, int count, bool isLong)
    {
        await using var host = await ProtocolHost.StartAsync();
        await Parallel.ForAsync(0, count, async (i, _) => await host.PutAsync(new ObjectKey("one", $"c{i}"), "{}"));
        using var request = new HttpRequestMessage(HttpMethod.Get, Path);
        request.Headers.Add("Accept-Encoding", "gzip");
        request.Headers.TryAddWithoutValidation("Accept", $"application/json;{form}");
        using var response = await host.Http.SendAsync(request);
        Assert.Equal(isLong ? ["gzip"] : [], response.Content.Headers.ContentEncoding);
        await using var body = await response.Content.ReadAsStreamAsync();
        await using var plain = isLong ? new GZipStream(body, CompressionMode.Decompress) : body;
        Assert.Equal(count, (await JsonNode.ParseAsync(plain))![list]!.AsArray().Count);
    }

    [Theory]
    [InlineData("application/yaml")]
    [InlineData("application/json;pretty=1")]
    public async Task PeopleGetReadableForms(string accept)
    {
        await using var host = await ProtocolHost.StartAsync();
        await host.PutAsync(new ObjectKey("one", "a"), "{}");
        using var request = new HttpRequestMessage(HttpMethod.Get, Path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await host.Http.SendAsync(request);
        var lines = (await response.Content.ReadAsStringAsync()).Split('\n');
        Assert.True(lines.Length > 8);
    }

    [Fact]
    public async Task ReadyMeansThatConsistentReadsSucceed()
    {
        await using var host = await ProtocolHost.StartAsync();
        var text = await host.Http.GetStringAsync("/readyz?verbose");
        Assert.Equal("[+]ping ok\n[+]store ok\n[+]store-writable ok\n[+]shutdown ok\nreadyz check passed\n", text);
    }

    private static string Revision(JsonNode list) => (string)list["metadata"]!["resourceVersion"]!;

    private static string Token(JsonNode list) => (string)list["metadata"]!["continue"]!;

    private static IEnumerable<string> Names(JsonNode list) =>
        list["items"]!.AsArray().Select(i => (string)i!["metadata"]!["name"]!);
}
