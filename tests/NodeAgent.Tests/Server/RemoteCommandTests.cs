using System.Net.WebSockets;
using System.Text;
using OrleansOrchestrator.NodeAgent.Server;
using OrleansOrchestrator.NodeAgent.Server.Spdy;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Server;

/// <summary>exec and attach in their three protocols, against a runtime that does what the test says.</summary>
public sealed class RemoteCommandTests
{
    private const string V4 = "v4.channel.k8s.io";
    private const string V5 = "v5.channel.k8s.io";
    private const string Success = """{"metadata":{},"status":"Success"}""";
    private const string Exit7 =
        """{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: exit status 7","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"7"}]}}""";

    // The kernel's buffers of three connections are most of it.
    private const int BoundBytes = 24 * 1024 * 1024;

    [Theory]
    [InlineData(V4)]
    [InlineData(V5)]
    public async Task Output_comes_by_channel_and_the_status_last(string protocol)
    {
        using var runtime = new FakeRuntime(3, async streams =>
        {
            await streams["stderr"].WriteAsync("bad"u8.ToArray(), StreamHost.Limit);
            await streams["stdout"].WriteAsync("good"u8.ToArray(), StreamHost.Limit);
            await FakeRuntime.ExitAsync(streams, Exit7);
        });
        await using var host = await StreamHost.StartAsync(runtime);
        using var client = await host.WebSocketAsync("/exec?output=1&error=1", protocol);
        var channels = await ReceiveAllAsync(client);
        var last = protocol == V5 ? Exit7.Replace(
            "code: exit status 7", "code: command terminated with exit code 7", StringComparison.Ordinal) : Exit7;
        Assert.Equal(("good", "bad", last), (channels.Text(1), channels.Text(2), channels.Text(3)));
        Assert.Equal(3, channels.Last);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
    }

    /// <summary>A connection that ends while something comes is reset, and the rest of the output with it.</summary>
    [Theory]
    [InlineData(V4)]
    [InlineData(V5)]
    public async Task What_a_client_says_at_the_end_cuts_nothing_off(string protocol)
    {
        var noise = StreamHost.Noise(4 * 1024 * 1024);
        using var runtime = new FakeRuntime(2, async streams =>
        {
            await streams["stdout"].WriteAsync(noise, StreamHost.Limit);
            await FakeRuntime.ExitAsync(streams, Success);
        });
        await using var host = await StreamHost.StartAsync(runtime);
        using var client = await host.WebSocketAsync("/exec?output=1", protocol);
        var channels = await ReceiveAllAsync(client, answers: true);
        StreamHost.AssertSame(noise, channels.Bytes(1));
        Assert.Equal(Success, channels.Text(3));
    }

    [Fact]
    public async Task Version_5_closes_stdin_alone()
    {
        using var runtime = new FakeRuntime(3, async streams =>
        {
            var input = await StreamHost.ReadAllAsync(streams["stdin"]);
            await streams["stdout"].WriteAsync(input, StreamHost.Limit);
            await FakeRuntime.ExitAsync(streams, Success);
        });
        await using var host = await StreamHost.StartAsync(runtime);
        using var client = await host.WebSocketAsync("/exec?input=1&output=1", V5);
        await SendAsync(client, 0, "in"u8);
        await SendAsync(client, 0, "put"u8);
        await SendAsync(client, 255, [0]);
        var channels = await ReceiveAllAsync(client);
        Assert.Equal(("input", Success), (channels.Text(1), channels.Text(3)));
    }

    [Fact]
    public async Task Version_4_knows_no_close_of_stdin_and_unknown_channels_go_nowhere()
    {
        var got = new TaskCompletionSource<string>();
        using var runtime = new FakeRuntime(2, async streams =>
        {
            var read = await streams["stdin"].Input.ReadAtLeastAsync(4, StreamHost.Limit);
            got.SetResult(Encoding.UTF8.GetString(read.Buffer));
            await FakeRuntime.ExitAsync(streams, Success);
        });
        await using var host = await StreamHost.StartAsync(runtime);
        using var client = await host.WebSocketAsync("/exec?input=1", V4);
        await SendAsync(client, 255, [0]);
        await SendAsync(client, 9, "x"u8);
        await SendAsync(client, 4, "x"u8);
        await SendAsync(client, 0, []);
        await client.SendAsync(Array.Empty<byte>(), WebSocketMessageType.Binary, true, StreamHost.Limit);
        await SendAsync(client, 0, "text"u8);
        Assert.Equal("text", await got.Task.WaitAsync(StreamHost.Patience));
        Assert.Equal(Success, (await ReceiveAllAsync(client)).Text(3));
    }

    [Fact]
    public async Task Sizes_of_the_terminal_are_passed_on_and_a_terminal_has_one_output()
    {
        var size = new TaskCompletionSource<string>();
        using var runtime = new FakeRuntime(4, async streams =>
        {
            Assert.Equal(["error", "resize", "stdin", "stdout"], streams.Keys.Order());
            var read = await streams["resize"].Input.ReadAsync(StreamHost.Limit);
            size.SetResult(Encoding.UTF8.GetString(read.Buffer));
            await FakeRuntime.ExitAsync(streams, Success);
        });
        await using var host = await StreamHost.StartAsync(runtime);
        using var client = await host.WebSocketAsync("/exec?input=1&output=1&error=1&tty=1", V5);
        await SendAsync(client, 4, """{"Width":80,"Height":24}"""u8);
        Assert.Equal("""{"Width":80,"Height":24}""", await size.Task.WaitAsync(StreamHost.Patience));
        Assert.Equal(Success, (await ReceiveAllAsync(client)).Text(3));
    }

    [Fact]
    public async Task A_client_that_does_not_read_holds_the_command_up_not_memory()
    {
        var noise = StreamHost.Noise(64 * 1024 * 1024);
        var sent = 0L;
        using var runtime = new FakeRuntime(2, async streams =>
        {
            foreach (var part in noise.Chunk(64 * 1024))
            {
                await streams["stdout"].WriteAsync(part, CancellationToken.None);
                Interlocked.Add(ref sent, part.Length);
            }

            await FakeRuntime.ExitAsync(streams, Success);
        });
        await using var host = await StreamHost.StartAsync(runtime);
        using var client = await host.WebSocketAsync("/exec?output=1", V5);
        Assert.InRange(await StreamHost.StandsStillAsync(() => Interlocked.Read(ref sent)), 1, BoundBytes);
        var channels = await ReceiveAllAsync(client);
        StreamHost.AssertSame(noise, channels.Bytes(1));
        Assert.Equal(Success, channels.Text(3));
    }

    [Fact]
    public async Task A_command_that_does_not_read_holds_the_client_up_not_memory()
    {
        var noise = StreamHost.Noise(64 * 1024 * 1024);
        var read = new TaskCompletionSource();
        var got = new TaskCompletionSource<byte[]>();
        using var runtime = new FakeRuntime(2, async streams =>
        {
            await read.Task;
            got.SetResult(await StreamHost.ReadAllAsync(streams["stdin"]));
            await FakeRuntime.ExitAsync(streams, Success);
        });
        await using var host = await StreamHost.StartAsync(runtime);
        using var client = await host.WebSocketAsync("/exec?input=1", V5);
        var sent = 0L;
        var sending = Task.Run(async () =>
        {
            foreach (var part in noise.Chunk(1024 * 1024))
            {
                await SendAsync(client, 0, part);
                Interlocked.Add(ref sent, part.Length);
            }

            await SendAsync(client, 255, [0]);
        });
        Assert.InRange(await StreamHost.StandsStillAsync(() => Interlocked.Read(ref sent)), 1, BoundBytes);
        read.SetResult();
        await sending.WaitAsync(StreamHost.Patience);
        StreamHost.AssertSame(noise, await got.Task.WaitAsync(StreamHost.Patience));
        Assert.Equal(Success, (await ReceiveAllAsync(client)).Text(3));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_goes_lets_the_runtime_go(bool politely)
    {
        var running = new TaskCompletionSource();
        using var runtime = new FakeRuntime(3, _ =>
        {
            running.SetResult();
            return Task.CompletedTask;
        });
        await using var host = await StreamHost.StartAsync(runtime);
        using var client = await host.WebSocketAsync("/exec?input=1&output=1", V5);
        await running.Task.WaitAsync(StreamHost.Patience);
        if (politely)
        {
            await client.CloseAsync(WebSocketCloseStatus.NormalClosure, "", StreamHost.Limit);
        }
        else
        {
            client.Abort();
        }

        await runtime.Ended;
    }

    [Fact]
    public async Task A_runtime_that_goes_is_told_as_an_error()
    {
        using var runtime = new FakeRuntime(2);
        runtime.Command = async streams =>
        {
            await streams["stdout"].WriteAsync("some"u8.ToArray(), StreamHost.Limit);
            runtime.Cut();
        };
        await using var host = await StreamHost.StartAsync(runtime);
        using var client = await host.WebSocketAsync("/exec?output=1", V5);
        var channels = await ReceiveAllAsync(client);
        Assert.Equal("some", channels.Text(1));
        Assert.Contains("\"status\":\"Failure\"", channels.Text(3), StringComparison.Ordinal);
        Assert.Contains("\"reason\":\"InternalError\"", channels.Text(3), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silence_ends_a_stream()
    {
        using var runtime = new FakeRuntime(3, _ => Task.CompletedTask);
        await using var host = await StreamHost.StartAsync(
            runtime, new StreamTimeouts(TimeProvider.System) { Idle = TimeSpan.FromMilliseconds(200) });
        using var client = await host.WebSocketAsync("/exec?input=1&output=1", V5);
        await ReceiveAllAsync(client);
        await runtime.Ended;
    }

    [Fact]
    public async Task A_runtime_that_accepts_no_streams_is_not_waited_for()
    {
        using var runtime = new FakeRuntime(0, _ => Task.CompletedTask);
        await using var host = await StreamHost.StartAsync(
            runtime, new StreamTimeouts(TimeProvider.System) { Creation = TimeSpan.FromMilliseconds(200) });
        using var client = await host.WebSocketAsync("/exec?output=1", V5);
        await ReceiveAllAsync(client);
        await runtime.Ended;
    }

    [Fact]
    public async Task Spdy_clients_get_the_runtimes_bytes_and_both_ends_go_together()
    {
        using var runtime = new FakeRuntime(3, async streams =>
        {
            var input = await StreamHost.ReadAllAsync(streams["stdin"]);
            await streams["stdout"].WriteAsync(input, StreamHost.Limit);
            await FakeRuntime.ExitAsync(streams, Exit7);
        });
        await using var host = await StreamHost.StartAsync(runtime);
        var (connection, transport) = await host.SpdyAsync("/exec?input=1&output=1");
        await using var closing = connection;
        async Task<SpdyStream> OpenAsync(string type) =>
            await connection.OpenAsync(new Dictionary<string, string> { ["streamtype"] = type }, StreamHost.Limit);

        var (error, stdin, stdout) = (await OpenAsync("error"), await OpenAsync("stdin"), await OpenAsync("stdout"));
        var noise = StreamHost.Noise(3_000_000);
        var reading = StreamHost.ReadAllAsync(stdout);
        await stdin.WriteAsync(noise, StreamHost.Limit);
        await stdin.CloseWriteAsync(StreamHost.Limit);
        StreamHost.AssertSame(noise, await reading);
        Assert.Equal(Exit7, Encoding.UTF8.GetString(await StreamHost.ReadAllAsync(error)));
        await transport.DisposeAsync();
        await runtime.Ended;
    }

    [Theory]
    [InlineData("/exec", "you must specify at least 1 of stdin, stdout, stderr")]
    [InlineData("/exec?error=1&tty=1", "you must specify at least 1 of stdin, stdout, stderr")]
    [InlineData("/exec?output=1", "Upgrade request required")]
    [InlineData("/forward?port=80", "Upgrade request required")]
    public async Task Requests_that_ask_for_nothing_are_refused(string path, string message)
    {
        await using var host = await StreamHost.StartAsync();
        using var http = new HttpClient();
        using var answer = await http.PostAsync(new Uri(host.Address, path), null, StreamHost.Limit);
        Assert.Equal(
            (400, message), ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(StreamHost.Limit)));
    }

    private static Task SendAsync(WebSocket client, byte channel, ReadOnlySpan<byte> content)
    {
        byte[] message = [channel, .. content];
        return client.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, StreamHost.Limit);
    }

    private static async Task<Channels> ReceiveAllAsync(WebSocket client, bool answers = false)
    {
        var channels = new Channels();
        var buffer = new byte[64 * 1024];
        byte? channel = null;
        while (true)
        {
            WebSocketReceiveResult received;
            try
            {
                received = await client.ReceiveAsync(new ArraySegment<byte>(buffer), StreamHost.Limit);
            }
            catch (WebSocketException)
            {
                return channels;
            }

            if (received.MessageType == WebSocketMessageType.Close)
            {
                await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", StreamHost.Limit);
                return channels;
            }

            var skip = channel is null ? 1 : 0;
            channel ??= buffer[0];
            channels.Add(channel.Value, buffer.AsSpan(skip, received.Count - skip));
            channel = received.EndOfMessage ? null : channel;
            if (answers)
            {
                await SendAsync(client, 9, "x"u8);
            }
        }
    }

    private sealed class Channels
    {
        private readonly Dictionary<byte, MemoryStream> _byNumber = [];

        public byte Last { get; private set; }

        public void Add(byte channel, ReadOnlySpan<byte> content)
        {
            Last = channel;
            if (!_byNumber.TryGetValue(channel, out var bytes))
            {
                _byNumber[channel] = bytes = new MemoryStream();
            }

            bytes.Write(content);
        }

        public byte[] Bytes(byte channel) => _byNumber.TryGetValue(channel, out var bytes) ? bytes.ToArray() : [];

        public string Text(byte channel) => Encoding.UTF8.GetString(Bytes(channel));
    }
}
