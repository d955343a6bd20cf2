using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Watch;

/// <summary>Watches over WebSockets.</summary>
public sealed class WatchSocketTests
{
    private const string Path = "/api/v1/namespaces/one/configmaps";

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null)]
    [InlineData("binary.k8s.io")]
    [InlineData("base64.binary.k8s.io")]
    public async Task Each_event_is_a_text_message(string? protocol)
    {
        await using var host = await ProtocolHost.StartAsync();
        var a = await host.PutAsync(new ObjectKey("one", "a"), "{}");
        await host.PutAsync(new ObjectKey("one", "b"), "{}", $"{{\"long\":\"{new string('x', 100_000)}\"}}");
        using var client = await OpenAsync(host, $"{Path}?watch=true", protocol);
        Assert.Equal(protocol, client.SubProtocol);
        Assert.Equal("ADDED a", Brief((await NextAsync(client))!));
        Assert.Equal("ADDED b", Brief((await NextAsync(client))!));
        var changed = await host.PutAsync(new ObjectKey("one", "a"), "{}", "{\"x\":\"1\"}", a.Revision);
        Assert.Equal("MODIFIED a", Brief((await NextAsync(client))!));
        await client.SendAsync("what a client says is nothing"u8.ToArray(), WebSocketMessageType.Text, true, Limit);
        await host.DeleteAsync(changed);
        Assert.Equal("DELETED a", Brief((await NextAsync(client))!));
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, "", Limit);
    }

    [Fact]
    public async Task A_watch_that_is_over_says_goodbye_and_errors_are_events()
    {
        await using var host = await ProtocolHost.StartAsync();
        await host.PutAsync(new ObjectKey("one", "a"), "{}");
        using var client = await OpenAsync(host, $"{Path}?watch=1&resourceVersion=1", protocol: null);
        var refused = (await NextAsync(client))!;
        Assert.Equal(("ERROR", "Expired"), ((string)refused["type"]!, (string)refused["object"]!["reason"]!));
        Assert.Null(await NextAsync(client));
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
    }

    [Theory]
    [InlineData("?watch=true&limit=x", 400, null, "http://a")]
    [InlineData("?watch=true", 400, "binary.k8s.io, base64.binary.k8s.io", "http://a")]
    [InlineData("?watch=true", 403, "binary.k8s.io, base64.binary.k8s.io", null)]
    [InlineData("?watch=true", 403, null, null)]
    [InlineData("?watch=true", 403, null, "")]
    [InlineData("?watch=true", 403, null, "null")]
    [InlineData("?watch=true", 403, null, "example.com")]
    public async Task What_is_refused_is_refused_before_the_socket_opens(
        string query, int status, string? protocols, string? origin)
    {
        await using var host = await ProtocolHost.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, Path + query);
        request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
        request.Headers.TryAddWithoutValidation("Upgrade", "websocket");
        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Version", "13");
        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", "MDEyMzQ1Njc4OWFiY2RlZg==");
        if (origin is not null)
        {
            request.Headers.TryAddWithoutValidation("Origin", origin);
        }

        if (protocols is not null)
        {
            request.Headers.TryAddWithoutValidation("Sec-WebSocket-Protocol", protocols);
        }

        using var answer = await host.Http.SendAsync(request, Limit);
        Assert.Equal(status, (int)answer.StatusCode);
    }

    private static async Task<ClientWebSocket> OpenAsync(ProtocolHost host, string path, string? protocol)
    {
        var client = new ClientWebSocket();
        client.Options.SetRequestHeader("Origin", "https://a.example.com");
        if (protocol is not null)
        {
            client.Options.AddSubProtocol(protocol);
        }

        var address = new Uri(host.Http.BaseAddress!, path);
        await client.ConnectAsync(new UriBuilder(address) { Scheme = "ws" }.Uri, Limit);
        return client;
    }

    private static async Task<JsonNode?> NextAsync(ClientWebSocket client)
    {
        var text = new MemoryStream();
        var buffer = new byte[16 * 1024];
        WebSocketReceiveResult received;
        do
        {
            received = await client.ReceiveAsync(new ArraySegment<byte>(buffer), Limit);
            text.Write(buffer, 0, received.Count);
        }
        while (!received.EndOfMessage);
        if (received.MessageType == WebSocketMessageType.Close)
        {
            return null;
        }

        Assert.Equal(WebSocketMessageType.Text, received.MessageType);
        var line = Encoding.UTF8.GetString(text.ToArray());
        Assert.Equal(line.Length - 1, line.IndexOf('\n', StringComparison.Ordinal));
        return JsonNode.Parse(line);
    }

    private static string Brief(JsonNode node) =>
        $"{(string)node["type"]!} {(string)node["object"]!["metadata"]!["name"]!}";
}
