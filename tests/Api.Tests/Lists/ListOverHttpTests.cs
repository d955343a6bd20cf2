using System.IO.Compression;
using System.Net;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;
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

    private static IEnumerable<string> Names(JsonNode list) =>
        list["items"]!.AsArray().Select(i => (string)i!["metadata"]!["name"]!);
}
