using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using OrleansOrchestrator.NodeAgent.Server;
using OrleansOrchestrator.NodeAgent.Server.Spdy;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Server;

/// <summary>Port-forward in its three forms: SPDY, SPDY inside a WebSocket, and two WebSocket channels per
/// port.</summary>
public sealed class PortForwardTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public PortForwardTests() => _listener.Start();

    private int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Dispose() => _listener.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Bytes_go_both_ways_and_each_side_ends_alone(bool tunnelled)
    {
        await using var host = await StreamHost.StartAsync();
        var (connection, _) = await host.SpdyAsync("/forward", tunnelled);
        await using var closing = connection;
        var noise = StreamHost.Noise(8_000_000);
        var serving = ServeAsync(async server =>
        {
            var got = new MemoryStream();
            await server.CopyToAsync(got, StreamHost.Limit);
            await server.WriteAsync(got.ToArray().Reverse().ToArray(), StreamHost.Limit);
        });
        var (data, error) = await OpenAsync(connection, Port, 0);
        var reading = StreamHost.ReadAllAsync(data);
        await data.WriteAsync(noise, StreamHost.Limit);
        await data.CloseWriteAsync(StreamHost.Limit);
        StreamHost.AssertSame(noise.Reverse().ToArray(), await reading);
        Assert.Empty(await StreamHost.ReadAllAsync(error));
        await serving;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Many_connections_share_one_and_a_refused_one_says_so_alone(bool tunnelled)
    {
        await using var host = await StreamHost.StartAsync();
        var (connection, _) = await host.SpdyAsync("/forward", tunnelled);
        await using var closing = connection;
        var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var refused = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        _ = EchoAsync();
        await Task.WhenAll(Enumerable.Range(0, 40).Select(async i =>
        {
            var (data, error) = await OpenAsync(connection, i % 4 == 3 ? refused : Port, i);
            if (i % 4 == 3)
            {
                Assert.Equal(
                    $"error forwarding port {refused} to pod p, uid u: Connection refused",
                    Encoding.UTF8.GetString(await StreamHost.ReadAllAsync(error)));
                return;
            }

            var noise = StreamHost.Noise(10_000 + i);
            var reading = StreamHost.ReadAllAsync(data);
            await data.WriteAsync(noise, StreamHost.Limit);
            await data.CloseWriteAsync(StreamHost.Limit);
            Assert.Equal(noise, await reading);
        })).WaitAsync(StreamHost.Patience);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_the_client_gives_up_is_closed_in_the_pod(bool whole)
    {
        await using var host = await StreamHost.StartAsync();
        var (connection, transport) = await host.SpdyAsync("/forward");
        await using var closing = connection;

        // The pod goes on sending and reads nothing: only the end of the connection can stop it.
        var serving = ServeAsync(async server =>
        {
            var noise = StreamHost.Noise(100_000);
            await Assert.ThrowsAnyAsync<IOException>(async () =>
            {
                while (true)
                {
                    await server.WriteAsync(noise, StreamHost.Limit);
                }
            });
        });
        var (data, _) = await OpenAsync(connection, Port, 0);
        await data.Input.ReadAsync(StreamHost.Limit);
        if (whole)
        {
            await transport.DisposeAsync();
        }
        else
        {
            await data.ResetAsync(StreamHost.Limit);
        }

        await serving;
    }

    [Fact]
    public async Task A_pod_that_hangs_up_early_holds_up_no_other_connection()
    {
        await using var host = await StreamHost.StartAsync();
        var (connection, _) = await host.SpdyAsync("/forward");
        await using var closing = connection;
        var hangingUp = ServeAsync(server => Task.CompletedTask);
        var (data, error) = await OpenAsync(connection, Port, 0);
        await hangingUp;
        await data.WriteAsync(StreamHost.Noise(4_000_000), StreamHost.Limit);
        await error.WriteAsync(StreamHost.Noise(4_000_000), StreamHost.Limit);

        var serving = ServeAsync(server => server.CopyToAsync(server, StreamHost.Limit));
        var (second, _) = await OpenAsync(connection, Port, 1);
        await second.WriteAsync("echo"u8.ToArray(), StreamHost.Limit);
        await second.CloseWriteAsync(StreamHost.Limit);
        Assert.Equal("echo", Encoding.UTF8.GetString(await StreamHost.ReadAllAsync(second)));
        await serving;
    }

    [Fact]
    public async Task A_client_that_does_not_read_holds_the_pod_up_not_memory()
    {
        await using var host = await StreamHost.StartAsync();
        var (connection, _) = await host.SpdyAsync("/forward");
        await using var closing = connection;
        var sent = 0L;
        var noise = StreamHost.Noise(64 * 1024 * 1024);
        var serving = ServeAsync(async server =>
        {
            foreach (var part in noise.Chunk(64 * 1024))
            {
                await server.WriteAsync(part, StreamHost.Limit);
                Interlocked.Add(ref sent, part.Length);
            }
        });
        var (data, _) = await OpenAsync(connection, Port, 0);
        Assert.InRange(await StreamHost.StandsStillAsync(() => Interlocked.Read(ref sent)), 1, 24 * 1024 * 1024);
        StreamHost.AssertSame(noise, await StreamHost.ReadAllAsync(data));
        await serving;
    }

    [Fact]
    public async Task Streams_without_their_partner_are_reset_after_a_while()
    {
        await using var host = await StreamHost.StartAsync(
            timeouts: new StreamTimeouts(TimeProvider.System) { Creation = TimeSpan.FromMilliseconds(200) });
        var (connection, _) = await host.SpdyAsync("/forward");
        await using var closing = connection;
        var alone = await OpenAsync(connection, "error", Port, 7);
        await alone.Abandoned.WaitAsync(StreamHost.Patience);

        // Partners of one kind are none; both go. A proper pair on the same connection works still, data first.
        var (one, other) =
            (await OpenAsync(connection, "error", Port, 8), await OpenAsync(connection, "error", Port, 8));
        await Task.WhenAll(one.Abandoned, other.Abandoned).WaitAsync(StreamHost.Patience);
        _ = EchoAsync();
        var data = await OpenAsync(connection, "data", Port, 9);
        await OpenAsync(connection, "error", Port, 9);
        await data.WriteAsync("echo"u8.ToArray(), StreamHost.Limit);
        await data.CloseWriteAsync(StreamHost.Limit);
        Assert.Equal("echo", Encoding.UTF8.GetString(await StreamHost.ReadAllAsync(data)));
    }

    [Fact]
    public async Task Silence_ends_a_connection()
    {
        await using var host = await StreamHost.StartAsync(
            timeouts: new StreamTimeouts(TimeProvider.System) { Idle = TimeSpan.FromMilliseconds(200) });
        var (connection, _) = await host.SpdyAsync("/forward");
        await using var closing = connection;
        var serving =
            ServeAsync(async server => Assert.Equal(0, await server.ReadAsync(new byte[1], StreamHost.Limit)));
        var (data, _) = await OpenAsync(connection, Port, 0);
        await data.Abandoned.WaitAsync(StreamHost.Patience);
        await serving;
    }

    [Fact]
    public async Task Channels_carry_each_port_and_its_errors()
    {
        var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var refused = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        await using var host = await StreamHost.StartAsync();
        var serving = ServeAsync(async server =>
        {
            var got = new byte[5];
            await server.ReadExactlyAsync(got, StreamHost.Limit);
            await server.WriteAsync(got, StreamHost.Limit);
        });
        using var client = await host.WebSocketAsync(
            string.Create(CultureInfo.InvariantCulture, $"/forward?port={refused}&port={Port}"), "v4.channel.k8s.io");
        await client.SendAsync(
            new byte[] { 2, (byte)'h', (byte)'e', (byte)'l' }, WebSocketMessageType.Binary, false, StreamHost.Limit);
        await client.SendAsync("lo"u8.ToArray(), WebSocketMessageType.Binary, true, StreamHost.Limit);
        var got = new Dictionary<byte, List<byte>>();
        var buffer = new byte[4096];
        while (await client.ReceiveAsync(new ArraySegment<byte>(buffer), StreamHost.Limit) is { MessageType: WebSocketMessageType.Binary } received)
        {
            got.TryAdd(buffer[0], []);
            got[buffer[0]].AddRange(buffer[1..received.Count]);
        }

        Assert.Equal([0, 1, 2, 3], got.Keys.Order().Select(k => (int)k));
        Assert.Equal(
            [refused, refused, Port, Port], got.OrderBy(g => g.Key).Select(g => (int)BinaryPrimitives.ReadUInt16LittleEndian(g.Value.Take(2).ToArray())));
        Assert.Equal("hello", Encoding.UTF8.GetString(got[2].Skip(2).ToArray()));
        Assert.StartsWith(
            $"error forwarding port {refused} to pod",
            Encoding.UTF8.GetString(got[1].Skip(2).ToArray()),
            StringComparison.Ordinal);
        await serving;
    }

    [Fact]
    public async Task Text_channels_are_encoded()
    {
        await using var host = await StreamHost.StartAsync();
        var serving = ServeAsync(async server =>
        {
            var got = new byte[5];
            await server.ReadExactlyAsync(got, StreamHost.Limit);
            await server.WriteAsync(got, StreamHost.Limit);
        });
        using var client = await host.WebSocketAsync(
            string.Create(CultureInfo.InvariantCulture, $"/forward?port={Port}"), "v4.base64.channel.k8s.io");
        await client.SendAsync("0aGVsbG8="u8.ToArray(), WebSocketMessageType.Text, true, StreamHost.Limit);
        var got = new List<string>();
        var buffer = new byte[4096];
        while (await client.ReceiveAsync(
            new ArraySegment<byte>(buffer), StreamHost.Limit) is { MessageType: WebSocketMessageType.Text } received)
        {
            got.Add(Encoding.ASCII.GetString(buffer, 0, received.Count));
        }

        var head = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(head, (ushort)Port);
        var port = Convert.ToBase64String(head);
        Assert.Equal([$"0{port}", $"1{port}", "0aGVsbG8="], got);
        await serving;
    }

    [Theory]
    [InlineData("", 400, "unable to upgrade: X-Stream-Protocol-Version is required")]
    [InlineData(
        "X-Stream-Protocol-Version: a, b\r\n",
        403,
        "unable to upgrade: unable to negotiate protocol: client supports [a b], server accepts [portforward.k8s.io]")]
    public async Task Spdy_is_negotiated(string header, int code, string message)
    {
        await using var host = await StreamHost.StartAsync();
        await using var stream = await StreamHost.ConnectAsync(host.Address.Port, StreamHost.Limit);
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes(
                $"POST /forward HTTP/1.1\r\nHost: node\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n{header}\r\n"),
            StreamHost.Limit);
        Assert.StartsWith($"HTTP/1.1 {code} ", await StreamHost.ReadHeadAsync(stream), StringComparison.Ordinal);
        var body = new byte[1024];
        Assert.Contains(
            message, Encoding.UTF8.GetString(body, 0, await stream.ReadAsync(body, StreamHost.Limit)),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?port=0")]
    [InlineData("?port=80,http")]
    [InlineData("?port=70000")]
    public async Task Channels_for_no_ports_are_refused(string query)
    {
        await using var host = await StreamHost.StartAsync();
        using var client = new ClientWebSocket();
        client.Options.AddSubProtocol("v4.channel.k8s.io");
        client.Options.CollectHttpResponseDetails = true;
        var address = new UriBuilder(host.Address) { Scheme = "ws", Path = "/forward", Query = query };
        await Assert.ThrowsAsync<WebSocketException>(() => client.ConnectAsync(address.Uri, StreamHost.Limit));
        Assert.Equal(HttpStatusCode.BadRequest, client.HttpStatusCode);
    }

    private static async Task<(SpdyStream Data, SpdyStream Error)> OpenAsync(
        SpdyConnection connection, int port, int request)
    {
        var error = await OpenAsync(connection, "error", port, request);
        return (await OpenAsync(connection, "data", port, request), error);
    }

    private static Task<SpdyStream> OpenAsync(SpdyConnection connection, string type, int port, int request) => connection.OpenAsync(
        new Dictionary<string, string>
        {
            ["streamtype"] = type,
            ["port"] = port.ToString(CultureInfo.InvariantCulture),
            ["requestid"] = request.ToString(CultureInfo.InvariantCulture),
        },
        StreamHost.Limit);

    private async Task ServeAsync(Func<NetworkStream, Task> serve)
    {
        using var socket = await _listener.AcceptSocketAsync(StreamHost.Limit);
        await using var stream = new NetworkStream(socket);
        await serve(stream);
    }

    private async Task EchoAsync()
    {
        while (true)
        {
            var socket = await _listener.AcceptSocketAsync();
            _ = CopyAsync(socket);
        }

        static async Task CopyAsync(Socket socket)
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            await stream.CopyToAsync(stream);
        }
    }
}
