using System.IO.Compression;
using System.Net;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Negotiation;

/// <summary>Whatever is answered in JSON is answered in protobuf too, and says the same.</summary>
public sealed class ProtobufAnswersTests
{
    private const string Protobuf = "application/vnd.kubernetes.protobuf";
    private const string Path = "/api/v1/namespaces/one/configmaps";
    private const string Partial = "as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
    private const string PartialList = "as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
    private const string Aggregated = "g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData($"{Path}/a")]
    [InlineData($"{Path}/b")]
    [InlineData($"{Path}/missing")]
    [InlineData(Path)]
    [InlineData("/api/v1/configmaps?limit=1")]
    [InlineData("/api/v1/namespaces/two/configmaps")]
    [InlineData($"{Path}?limit=x")]
    [InlineData("/api/v1/unheardof")]
    [InlineData("/api")]
    [InlineData("/apis")]
    [InlineData("/apis/apps")]
    [InlineData("/apis/apps/v1")]
    [InlineData("/api/v1")]
    [InlineData("/api", Aggregated)]
    [InlineData("/apis", Aggregated)]
    public async Task WhatJsonSaysProtobufSays(string path, string parameters = "")
    {
        await using var host = await StartAsync();
        var (json, jsonStatus) = await GetAsync(host, path, $"application/json;{parameters}".TrimEnd(';'));
        var (message, status) = await GetAsync(host, path, $"{Protobuf};{parameters}".TrimEnd(';'));
        var expected = ProtobufMessages.WithoutEmpty(JsonNode.Parse(json));
        var actual = ProtobufMessages.WithoutEmpty(ProtobufMessages.ToJson(message));
        Assert.Equal(jsonStatus, status);
        Assert.True(JsonNode.DeepEquals(expected, actual), $"{expected}\n{actual}");
    }

    [Fact]
    public async Task MetadataFormsHaveTheMetadataAndNothingElse()
    {
        await using var host = await StartAsync();
        var whole = await host.GetJsonAsync($"{Path}/a");
        var (one, _) = await GetAsync(host, $"{Path}/a", $"{Protobuf};{Partial}");
        var part = ProtobufMessages.ToJson(one);
        Assert.Equal(("PartialObjectMetadata", "meta.k8s.io/v1"), ((string)part["kind"]!, (string)part["apiVersion"]!));
        Assert.True(JsonNode.DeepEquals(whole["metadata"], part["metadata"]));
        Assert.Null(part["data"]);
        var (all, _) = await GetAsync(host, Path, $"{Protobuf};{PartialList},application/json");
        var list = ProtobufMessages.ToJson(all);
        Assert.Equal("PartialObjectMetadataList", (string)list["kind"]!);
        Assert.Equal(["a", "b"], list["items"]!.AsArray().Select(i => (string)i!["metadata"]!["name"]!));
        Assert.True(JsonNode.DeepEquals(whole["metadata"], list["items"]![0]!["metadata"]));
        Assert.Null(list["items"]![0]!["data"]);
    }

    [Fact]
    public async Task LargeListsAreCompressedForWhoeverAsks()
    {
        await using var host = await StartAsync();
        await host.PutAsync(new ObjectKey("two", "large"), "{}", $"{{\"x\":\"{new string('x', 140_000)}\"}}");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/configmaps");
        request.Headers.TryAddWithoutValidation("Accept", Protobuf);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip");
        using var answer = await host.Http.SendAsync(request, Limit);
        Assert.Equal(["gzip"], answer.Content.Headers.ContentEncoding);
        await using var plain = new GZipStream(
            await answer.Content.ReadAsStreamAsync(Limit), CompressionMode.Decompress);
        using var body = new MemoryStream();
        await plain.CopyToAsync(body, Limit);
        Assert.Equal(3, ProtobufMessages.ToJson(body.ToArray())["items"]!.AsArray().Count);
    }

    [Fact]
    public async Task WatchesAreFramesOfEvents()
    {
        await using var host = await StartAsync();
        using var answer = await WatchAsync(host, "?watch=true&timeoutSeconds=30&allowWatchBookmarks=true");
        Assert.Equal($"{Protobuf}; stream=watch", answer.Content.Headers.ContentType!.ToString());
        await using var stream = await answer.Content.ReadAsStreamAsync(Limit);
        var whole = await host.GetJsonAsync($"{Path}/a");
        var first = await NextAsync(stream);
        Assert.Equal("ADDED", first.Type);
        Assert.True(JsonNode.DeepEquals(whole, first.Object), $"{whole}\n{first.Object}");
        Assert.Equal("b", (string)(await NextAsync(stream)).Object["metadata"]!["name"]!);
        var (type, bookmark) = await NextAsync(stream);
        Assert.Equal(("BOOKMARK", "ConfigMap"), (type, (string)bookmark["kind"]!));
        Assert.Equal("true", (string)bookmark["metadata"]!["annotations"]!["k8s.io/initial-events-end"]!);
        await host.PutAsync(new ObjectKey("one", "c"), "{\"new\":\"yes\"}");
        Assert.Equal("yes", (string)(await NextAsync(stream)).Object["metadata"]!["labels"]!["new"]!);
    }

    [Fact]
    public async Task WatchesOfMetadataAndFailuresAreEventsToo()
    {
        await using var host = await StartAsync();
        using var partial = await WatchAsync(host, "?watch=true&timeoutSeconds=30", $";{Partial}");
        await using var stream = await partial.Content.ReadAsStreamAsync(Limit);
        var (_, item) = await NextAsync(stream);
        Assert.Equal(("PartialObjectMetadata", "a"), ((string)item["kind"]!, (string)item["metadata"]!["name"]!));
        Assert.Null(item["data"]);
        using var old = await WatchAsync(host, "?watch=true&resourceVersion=1");
        await using var refused = await old.Content.ReadAsStreamAsync(Limit);
        var (type, status) = await NextAsync(refused);
        Assert.Equal(("ERROR", "Expired"), (type, (string)status["reason"]!));
        Assert.Null(await ProtobufMessages.NextEventAsync(refused, Limit));
    }

    [Fact]
    public async Task OverAWebSocketEachEventIsABinaryMessage()
    {
        await using var host = await StartAsync();
        await host.PutAsync(new ObjectKey("one", "c"), "{}", $"{{\"long\":\"{new string('x', 100_000)}\"}}");
        using var client = new ClientWebSocket();
        client.Options.SetRequestHeader("Accept", Protobuf);
        client.Options.SetRequestHeader("Origin", "https://a.example.com");
        var address = new Uri(host.Http.BaseAddress!, $"{Path}?watch=true");
        await client.ConnectAsync(new UriBuilder(address) { Scheme = "ws" }.Uri, Limit);
        foreach (var name in (string[])["a", "b", "c"])
        {
            var (type, item) = ProtobufMessages.Event(await MessageAsync(client));
            Assert.Equal(
                ("ADDED", name), (type, (string)ProtobufMessages.ToJson(item)["metadata"]!["name"]!));
        }
    }

    private static async Task<byte[]> MessageAsync(ClientWebSocket client)
    {
        using var message = new MemoryStream();
        var buffer = new byte[4096];
        WebSocketReceiveResult read;
        do
        {
            read = await client.ReceiveAsync(buffer, Limit);
            Assert.Equal(WebSocketMessageType.Binary, read.MessageType);
            message.Write(buffer, 0, read.Count);
        }
        while (!read.EndOfMessage);

        return message.ToArray();
    }

    private static async Task<ProtocolHost> StartAsync()
    {
        var host = await ProtocolHost.StartAsync();
        await host.PutAsync(new ObjectKey("one", "a"), "{\"x\":\"é\\\"\\n\"}", "{\"k\":\"v\",\"empty\":\"\"}");
        await host.PutAsync(new ObjectKey("one", "b"), "{}");
        return host;
    }

    private static async Task<(byte[] Body, HttpStatusCode Status)> GetAsync(
        ProtocolHost host, string path, string accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using var answer = await host.Http.SendAsync(request, Limit);
        Assert.Equal(
            accept.Split(';', ',')[0], answer.Content.Headers.ContentType!.MediaType);
        return (await answer.Content.ReadAsByteArrayAsync(Limit), answer.StatusCode);
    }

    private static Task<HttpResponseMessage> WatchAsync(ProtocolHost host, string query, string parameters = "")
    {
        var request = new HttpRequestMessage(HttpMethod.Get, Path + query);
        request.Headers.TryAddWithoutValidation("Accept", $"{Protobuf}{parameters}");
        return host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Limit);
    }

    private static async Task<(string Type, JsonNode Object)> NextAsync(Stream stream)
    {
        var (type, item) = (await ProtobufMessages.NextEventAsync(stream, Limit))!.Value;
        return (type, ProtobufMessages.ToJson(item));
    }
}
