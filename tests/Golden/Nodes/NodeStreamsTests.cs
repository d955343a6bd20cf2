using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace OrleansOrchestrator.Golden.Nodes;

/// <summary>Logs and streams of pods through the API, with a node that does what the test says.</summary>
public sealed class NodeStreamsTests(FakeNode node) : IClassFixture<FakeNode>
{
    private const string Pod = "/api/v1/namespaces/default/pods/p";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET", "exec?command=ls&stdout=true", 400, "Upgrade request required")]
    [InlineData("POST", "exec?command=ls&stdout=true", 400, "Upgrade request required")]
    [InlineData("GET", "attach?stdout=true", 400, "Upgrade request required")]
    [InlineData("GET", "portforward", 400, "Upgrade request required")]
    [InlineData("POST", "portforward?ports=80", 400, "Upgrade request required")]
    [InlineData("GET", "portforward?ports=x", 400,
        "cannot convert to []int32: strconv.ParseUint: parsing \"x\": invalid syntax")]
    [InlineData("GET", "exec?container=zz", 400, "container zz is not valid for pod p")]
    [InlineData("GET", "exec?container=zz&container=c", 400, "container zz is not valid for pod p")]
    [InlineData("GET", "exec?dryRun=All", 400, "dryRun is not supported")]
    [InlineData("GET", "attach?dryRun=", 400, "dryRun is not supported")]
    [InlineData("GET", "portforward?dryRun=All", 400, "dryRun is not supported")]
    [InlineData("GET", "proxy/?dryRun=All", 400, "dryRun is not supported")]
    [InlineData("TRACE", "proxy/", 405, "the server does not allow this method on the requested resource")]
    [InlineData("OPTIONS", "exec", 405, "the server does not allow this method on the requested resource")]
    [InlineData("OPTIONS", "proxy/", 400, "address not allowed")]
    [InlineData("HEAD", "proxy/", 400, "")]
    public async Task What_the_api_refuses_itself_is_a_status(string method, string path, int code, string message)
    {
        node.Serve = static _ => throw new InvalidOperationException("nobody asks the node");
        using var client = new RawHttpClient(node.Api.Host, node.Api.Port);
        var answer = await client.SendAsync(method, $"{Pod}/{path}", FakeNode.Headers(), null);
        Assert.Equal(code, answer.Status);
        Assert.Contains(answer.Headers, h => h is { Key: "Content-Type", Value: "application/json" });
        if (method != "HEAD")
        {
            var status = JsonNode.Parse(answer.Body)!;
            Assert.Equal(
                ("Status", message, code), ((string)status["kind"]!, (string)status["message"]!, (int)status["code"]!));
        }
    }

    [Theory]
    [InlineData("exec?command=ls&command=-l&stdout=yes&tty=0", "/exec/default/p/c?output=1&command=ls&command=-l")]
    [InlineData("attach?stdin&stderr=1&command=ls", "/attach/default/p/c?input=1&error=1")]
    [InlineData("portforward?ports=80&ports=81,82", "/portForward/default/p?port=80,81,82")]
    public async Task Nodes_are_asked_in_their_names_and_their_refusals_are_handed_on(string asked, string expected)
    {
        var paths = new ConcurrentQueue<string>();
        node.Serve = async context =>
        {
            paths.Enqueue(context.Request.Path + context.Request.QueryString.Value);
            context.Response.StatusCode = 500;
            await context.Response.WriteAsync("container not found (\"c\")", Limit);
        };
        using var client = new RawHttpClient(node.Api.Host, node.Api.Port);
        var answer = await client.SendAsync(
            "POST", $"{Pod}/{asked}", FakeNode.Headers(KeyValuePair.Create("Connection", "Upgrade"),
                KeyValuePair.Create("Upgrade", "SPDY/3.1")), null);
        Assert.Equal((500, "container not found (\"c\")"), (answer.Status, Encoding.UTF8.GetString(answer.Body)));
        Assert.Equal(expected, Assert.Single(paths));
    }

    [Theory]
    [InlineData(400, "waits", 400, "BadRequest", "waits")]
    [InlineData(500, "broke", 500, "InternalError", "Internal error occurred: broke")]
    [InlineData(404, "no pod", 404, "NotFound", "the server could not find the requested resource ( pods/log p)")]
    public async Task Refusals_of_logs_are_statuses(int code, string text, int shown, string reason, string message)
    {
        node.Serve = async context =>
        {
            context.Response.StatusCode = code;
            await context.Response.WriteAsync(text, Limit);
        };
        using var client = new RawHttpClient(node.Api.Host, node.Api.Port);
        var answer = await client.SendAsync("GET", $"{Pod}/log", FakeNode.Headers(), null);
        var status = JsonNode.Parse(answer.Body)!;
        Assert.Equal((shown, reason, message), (answer.Status, (string)status["reason"]!, (string)status["message"]!));
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("binary.k8s.io", false)]
    [InlineData("base64.binary.k8s.io", true)]
    public async Task Logs_come_over_websockets(string? protocol, bool isText)
    {
        var log = string.Concat(Enumerable.Range(0, 500).Select(i => $"line {i}\n"));
        node.Serve = context => context.Response.WriteAsync(log, Limit);
        using var client = await OpenAsync($"{Pod}/log", protocol);
        Assert.Equal(protocol, client.SubProtocol);
        var (got, first) = (new StringBuilder(), true);
        while (await ReceiveAsync(client) is { } message)
        {
            Assert.Equal(isText ? WebSocketMessageType.Text : WebSocketMessageType.Binary, message.Type);
            Assert.Equal(first, message.Content.Length == 0);
            first = false;
            got.Append(isText ? Encoding.UTF8.GetString(Convert.FromBase64String(message.Content)) : message.Content);
        }

        Assert.Equal(log, got.ToString());
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
    }

    [Theory]
    [InlineData("", 500)]
    [InlineData("?insecureSkipTLSVerifyBackend=false", 500)]
    [InlineData("?insecureSkipTLSVerifyBackend=true", 200)]
    public async Task A_log_comes_from_whoever_answers_only_when_the_client_says_so(string query, int expected)
    {
        await using var impostor = new FakeNode
        {
            IsImpostor = true, Serve = static context => context.Response.WriteAsync("a log", Limit),
        };
        await impostor.InitializeAsync();
        using var client = new RawHttpClient(impostor.Api.Host, impostor.Api.Port);
        var answer = await client.SendAsync("GET", $"{Pod}/log{query}", FakeNode.Headers(), null);
        Assert.Equal(expected, answer.Status);
        Assert.Equal(expected == 200, Encoding.UTF8.GetString(answer.Body) == "a log");
    }

    [Fact]
    public async Task A_client_that_closes_its_log_ends_it_at_the_node()
    {
        var ended = new TaskCompletionSource();
        node.Serve = async context =>
        {
            await context.Response.WriteAsync("first\n", Limit);
            context.RequestAborted.Register(ended.SetResult);
            await ended.Task;
        };
        using var client = await OpenAsync($"{Pod}/log?follow=true", protocol: null);
        await ReceiveAsync(client);
        Assert.Equal("first\n", (await ReceiveAsync(client))!.Value.Content);
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", Limit);
        await ended.Task.WaitAsync(Patience);
    }

    // The node closes behind its last words; a client that does not answer its goodbye sees the end all the same.
    [Fact]
    public async Task The_end_of_a_command_ends_the_connection_whatever_the_client_does()
    {
        node.Serve = async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync("v4.channel.k8s.io");
            await socket.SendAsync("\u0003done"u8.ToArray(), WebSocketMessageType.Binary, true, Limit);
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", Limit);
        };
        using var socket = new TcpClient();
        await socket.ConnectAsync(node.Api.Host, node.Api.Port, Limit);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes(
                $"GET {Pod}/exec?stdout=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {GoldenHost.Token}\r\nConnection: Upgrade\r\n" +
                "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n" +
                "Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n"),
            Limit);
        var all = new MemoryStream();
        await stream.CopyToAsync(all, Limit).WaitAsync(Patience);
        Assert.True(
            all.ToArray().AsSpan().EndsWith("\u0003done\u0088\u0002\u0003\u00e8".Select(c => (byte)c).ToArray()));
    }

    private async Task<ClientWebSocket> OpenAsync(string path, string? protocol)
    {
        var client = new ClientWebSocket();
        client.Options.SetRequestHeader("Authorization", $"Bearer {GoldenHost.Token}");
        if (protocol is not null)
        {
            client.Options.AddSubProtocol(protocol);
        }

        var address = new Uri(node.Api, path);
        await client.ConnectAsync(new UriBuilder(address) { Scheme = "ws" }.Uri, Limit);
        return client;
    }

    private static async Task<(WebSocketMessageType Type, string Content)?> ReceiveAsync(ClientWebSocket client)
    {
        var buffer = new byte[8192];
        var count = 0;
        ValueWebSocketReceiveResult received;
        do
        {
            received = await client.ReceiveAsync(buffer.AsMemory(count), Limit);
            count += received.Count;
        }
        while (!received.EndOfMessage);
        return received.MessageType == WebSocketMessageType.Close
            ? null
            : (received.MessageType, Encoding.UTF8.GetString(buffer, 0, count));
    }
}
