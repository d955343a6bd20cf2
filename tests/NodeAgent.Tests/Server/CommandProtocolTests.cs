using System.Net;
using System.Net.WebSockets;
using System.Text;
using OrleansOrchestrator.NodeAgent.Server;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Server;

/// <summary>exec in each protocol of WebSockets, to the byte.</summary>
public sealed class CommandProtocolTests
{
    private const string Success = """{"metadata":{},"status":"Success"}""";
    private const string Exit7 =
        """{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: exit status 7","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"7"}]}}""";

    private const string TranslatedExit7 =
        """{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: command terminated with exit code 7","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"7"}]}}""";

    private const string NoFile =
        """{"metadata":{},"status":"Failure","message":"Internal error occurred: no \"x\"","reason":"InternalError","details":{"causes":[{"message":"no \"x\""}]},"code":500}""";

    private const string TranslatedNoFile =
        """{"metadata":{},"status":"Failure","message":"Internal error occurred: Internal error occurred: no \"x\"","reason":"InternalError","details":{"causes":[{"message":"Internal error occurred: no \"x\""}]},"code":500}""";

    // The protocol, what the runtime says last, and what the client is told; null for nothing.
    public static TheoryData<string?, string, string?> Endings => new()
    {
        { null, Success, null },
        { null, Exit7, "command terminated with non-zero exit code: exit status 7" },
        { "channel.k8s.io", Success, null },
        { "channel.k8s.io", NoFile, "Internal error occurred: no \"x\"" },
        { "base64.channel.k8s.io", Exit7, "command terminated with non-zero exit code: exit status 7" },
        { "v4.channel.k8s.io", Success, Success },
        { "v4.channel.k8s.io", Exit7, Exit7 },
        { "v4.base64.channel.k8s.io", Success, Success },
        { "v4.base64.channel.k8s.io", NoFile, NoFile },
        { "v5.channel.k8s.io", Success, Success },
        { "v5.channel.k8s.io", Exit7, TranslatedExit7 },
        { "v5.channel.k8s.io", NoFile, TranslatedNoFile },
    };

    [Theory]
    [MemberData(nameof(Endings))]
    public async Task Each_protocol_carries_streams_and_tells_the_end_in_its_way(
        string? protocol, string last, string? told)
    {
        using var runtime = new FakeRuntime(3, async streams =>
        {
            var input = await streams["stdin"].Input.ReadAtLeastAsync(11, StreamHost.Limit);
            await streams["stdout"].WriteAsync(
                Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(input.Buffer)), StreamHost.Limit);
            await FakeRuntime.ExitAsync(streams, last);
        });
        await using var host = await StreamHost.StartAsync(runtime);
        using var client = await host.WebSocketAsync("/exec?input=1&output=1", protocol);
        var isText = protocol?.Contains("base64", StringComparison.Ordinal) == true;
        Assert.Equal((1, ""), await ReceiveAsync(client, isText));
        await SendAsync(client, isText, 0, "some input");
        await SendAsync(client, isText, 0, "!");
        Assert.Equal((1, "some input!"), await ReceiveAsync(client, isText));
        if (told is not null)
        {
            Assert.Equal((3, told), await ReceiveAsync(client, isText));
        }

        Assert.Null(await ReceiveAsync(client, isText));
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
    }

    // In pieces that are no multiples of base64's four characters.
    [Fact]
    public async Task Base64_may_come_in_pieces_of_any_size()
    {
        using var runtime = new FakeRuntime(3, async streams =>
        {
            var input = await streams["stdin"].Input.ReadAtLeastAsync(1000, StreamHost.Limit);
            await streams["stdout"].WriteAsync(
                Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(input.Buffer)), StreamHost.Limit);
            await FakeRuntime.ExitAsync(streams, Success);
        });
        await using var host = await StreamHost.StartAsync(runtime);
        using var client = await host.WebSocketAsync("/exec?input=1&output=1", "v4.base64.channel.k8s.io");
        var text = string.Concat(Enumerable.Range(0, 1000).Select(i => (char)('a' + (i % 26))));
        var message = Encoding.ASCII.GetBytes("0" + Convert.ToBase64String(Encoding.ASCII.GetBytes(text)));
        await client.SendAsync("0!no base64"u8.ToArray(), WebSocketMessageType.Text, true, StreamHost.Limit);
        var pieces = message.Chunk(7).ToList();
        for (var i = 0; i < pieces.Count; i++)
        {
            await client.SendAsync(pieces[i], WebSocketMessageType.Text, i == pieces.Count - 1, StreamHost.Limit);
        }

        Assert.Equal((1, ""), await ReceiveAsync(client, isText: true));
        Assert.Equal((1, text), await ReceiveAsync(client, isText: true));
    }

    [Theory]
    [InlineData("/exec?output=1")]
    [InlineData("/forward?port=80")]
    public async Task Unknown_protocols_are_forbidden(string path)
    {
        using var runtime = new FakeRuntime(0);
        await using var host = await StreamHost.StartAsync(runtime);
        var (head, body) = await HandshakeAsync(host, path, "v9.channel.k8s.io");
        Assert.StartsWith("HTTP/1.1 403 ", head, StringComparison.Ordinal);
        Assert.Empty(body);
    }

    [Theory]
    [InlineData(null, "/exec?output=1&refuse=gone", 500, "gone")]
    [InlineData("v4.channel.k8s.io", "/exec?output=1&refuse=gone", 500, "gone")]
    [InlineData("v4.channel.k8s.io", "/exec", 400, "you must specify at least 1 of stdin, stdout, stderr")]
    [InlineData(null, "/forward", 400, "query parameter \"port\" is required")]
    [InlineData(null, "/forward?port=", 400, "query parameter \"port\" cannot be empty")]
    [InlineData(null, "/forward?port=80,0", 400, "port \"80,0\" must be > 0")]
    [InlineData(null, "/forward?port=80,x", 400,
        "unable to parse \"80,x\" as a port: strconv.ParseUint: parsing \"x\": invalid syntax")]
    [InlineData(null, "/forward?port=65536", 400,
        "unable to parse \"65536\" as a port: strconv.ParseUint: parsing \"65536\": value out of range")]
    public async Task Refusals_are_answers(string? protocol, string path, int code, string text)
    {
        await using var host = await StreamHost.StartAsync();
        var (head, body) = await HandshakeAsync(host, path, protocol);
        Assert.StartsWith($"HTTP/1.1 {code} ", head, StringComparison.Ordinal);
        Assert.Contains(text, body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/exec?output=1&refuse=gone", "gone")]
    [InlineData("/exec", "you must specify at least 1 of stdin, stdout, stderr")]
    public async Task Version_5_is_told_what_is_refused_when_it_is_connected(string path, string text)
    {
        await using var host = await StreamHost.StartAsync();
        using var client = await host.WebSocketAsync(path, "v5.channel.k8s.io");
        var (channel, said) = (await ReceiveAsync(client, isText: false))!.Value;
        (channel, said) = said.Length > 0 ? (channel, said) : (await ReceiveAsync(client, isText: false))!.Value;
        Assert.Equal(3, channel);
        Assert.Contains($"\"message\":\"Internal error occurred: unable to upgrade connection: {text}\"", said,
            StringComparison.Ordinal);
        Assert.Null(await ReceiveAsync(client, isText: false));
    }

    // Many clients never answer a goodbye: they wait for the end of the connection.
    [Theory]
    [InlineData("v4.channel.k8s.io")]
    [InlineData("v5.channel.k8s.io")]
    public async Task After_the_last_words_the_connection_ends_whatever_the_client_does(string protocol)
    {
        using var runtime = new FakeRuntime(2, streams => FakeRuntime.ExitAsync(streams, Success));
        await using var host = await StreamHost.StartAsync(runtime);
        await using var stream = await host.HandshakeAsync("/exec?output=1", protocol);
        Assert.StartsWith("HTTP/1.1 101 ", await StreamHost.ReadHeadAsync(stream), StringComparison.Ordinal);
        var all = new MemoryStream();

        // Less than anybody's patience with the client.
        await stream.CopyToAsync(all, StreamHost.Limit).WaitAsync(TimeSpan.FromSeconds(4));
        var goodbye = new byte[] { 0x88, 2, 3, 0xe8 };
        Assert.True(all.ToArray().AsSpan().EndsWith(goodbye));
    }

    private static async Task<(string Head, string Body)> HandshakeAsync(StreamHost host, string path, string? protocol)
    {
        await using var stream = await host.HandshakeAsync(path, protocol);
        var head = await StreamHost.ReadHeadAsync(stream);
        if (head.Contains("Content-Length: 0", StringComparison.Ordinal))
        {
            return (head, "");
        }

        var body = new byte[1024];
        var count = await stream.ReadAsync(body, StreamHost.Limit);
        return (head, Encoding.UTF8.GetString(body, 0, count));
    }

    private static Task SendAsync(WebSocket client, bool isText, byte channel, string content)
    {
        var bytes = Encoding.UTF8.GetBytes(content);
        byte[] message = isText
            ? [(byte)('0' + channel), .. Encoding.ASCII.GetBytes(Convert.ToBase64String(bytes))]
            : [channel, .. bytes];
        return client.SendAsync(
            message, isText ? WebSocketMessageType.Text : WebSocketMessageType.Binary, endOfMessage: true,
            StreamHost.Limit);
    }

    private static async Task<(int Channel, string Content)?> ReceiveAsync(WebSocket client, bool isText)
    {
        var buffer = new byte[4096];
        var count = 0;
        ValueWebSocketReceiveResult received;
        do
        {
            received = await client.ReceiveAsync(buffer.AsMemory(count), StreamHost.Limit);
            count += received.Count;
        }
        while (!received.EndOfMessage);
        if (received.MessageType == WebSocketMessageType.Close)
        {
            return null;
        }

        Assert.Equal(isText ? WebSocketMessageType.Text : WebSocketMessageType.Binary, received.MessageType);
        return isText
            ? (buffer[0] - '0', Encoding.UTF8.GetString(
                Convert.FromBase64String(Encoding.ASCII.GetString(buffer, 1, count - 1))))
            : (buffer[0], Encoding.UTF8.GetString(buffer, 1, count - 1));
    }
}
