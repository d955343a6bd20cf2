using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Server;
using OrleansOrchestrator.NodeAgent.Server.Spdy;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Server;

/// <summary>The node's streams on a loopback port without TLS, in front of a fake runtime and of sockets that a test
/// listens on.</summary>
internal sealed class StreamHost : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly WebApplication _app;

    private StreamHost(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    /// <summary>Ends what a test waits for in vain.</summary>
    public static CancellationToken Limit => CancellationTokenSource.CreateLinkedTokenSource(
        TestContext.Current.CancellationToken, new CancellationTokenSource(Patience).Token).Token;

    public static async Task<StreamHost> StartAsync(FakeRuntime? runtime = null, StreamTimeouts? timeouts = null)
    {
        timeouts ??= new StreamTimeouts(TimeProvider.System);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.UseWebSockets();
        app.Run(context => ServeAsync(context, runtime, timeouts));
        await app.StartAsync();
        return new StreamHost(app);
    }

    /// <summary>A WebSocket as a client of Kubernetes opens it; .NET's own client refuses protocol names with a
    /// slash.</summary>
    public async Task<WebSocket> WebSocketAsync(string pathAndQuery, string? protocol)
    {
        var stream = await HandshakeAsync(pathAndQuery, protocol);
        var head = await ReadHeadAsync(stream);
        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        Assert.Equal(
            protocol is not null, head.Contains($"Sec-WebSocket-Protocol: {protocol}\r\n", StringComparison.Ordinal));
        return WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { SubProtocol = null });
    }

    /// <summary>Asks for a WebSocket; the answer is to be read.</summary>
    public async Task<NetworkStream> HandshakeAsync(string pathAndQuery, string? protocol)
    {
        var stream = await ConnectAsync(Address.Port, Limit);
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes(
                $"GET {pathAndQuery} HTTP/1.1\r\nHost: node\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
                "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n" +
                (protocol is null ? "\r\n" : $"Sec-WebSocket-Protocol: {protocol}\r\n\r\n")),
            Limit);
        return stream;
    }

    /// <summary>A SPDY connection, straight or through a WebSocket; <paramref name="transport"/> can be cut by the
    /// test.</summary>
    public async Task<(SpdyConnection Connection, Stream Transport)> SpdyAsync(
        string pathAndQuery, bool tunnelled = false)
    {
        Stream transport = tunnelled
            ? new OrleansOrchestrator.NodeAgent.Server.WebSocketStream(
                await WebSocketAsync(pathAndQuery, "SPDY/3.1+portforward.k8s.io"))
            : (await UpgradedConnection.OpenSpdyAsync(new Uri(Address, pathAndQuery), ["v4.channel.k8s.io", "portforward.k8s.io"], Limit)).Stream;
        var connection = new SpdyConnection(transport, isServer: false);
        _ = connection.RunAsync(_ => { }, CancellationToken.None);
        return (connection, transport);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    public static async Task<NetworkStream> ConnectAsync(int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>All that a stream brings until its end.</summary>
    public static async Task<byte[]> ReadAllAsync(SpdyStream stream)
    {
        var result = new MemoryStream();
        await stream.CopyInputAsync((bytes, token) => result.WriteAsync(bytes, token).AsTask(), Limit);
        return result.ToArray();
    }

    /// <summary>Returns when a figure that grows has stood still for a while: nothing is taken any more.</summary>
    public static async Task<long> StandsStillAsync(Func<long> figure)
    {
        var (last, same) = (-1L, 0);
        await Patiently.UntilAsync(Patience, _ =>
        {
            var now = figure();
            (last, same) = (now, now == last && now > 0 ? same + 1 : 0);
            return Task.FromResult(same == 10);
        });
        return last;
    }

    /// <summary>Without printing megabytes when they differ.</summary>
    public static void AssertSame(byte[] expected, byte[] actual) =>
        Assert.True(
            expected.AsSpan().SequenceEqual(actual),
            $"{actual.Length} bytes came, which are not the {expected.Length} that were sent");

    public static byte[] Noise(int bytes)
    {
        var noise = new byte[bytes];
        new Random(bytes).NextBytes(noise);
        return noise;
    }

    // As the endpoints do: a stream that ends early is nothing to fail about.
    private static async Task ServeAsync(HttpContext context, FakeRuntime? runtime, StreamTimeouts timeouts)
    {
        try
        {
            await (context.Request.Path == "/exec"
                ? RemoteCommand.ServeAsync(
                    context, StreamChoice.Read(context.Request.Query), timeouts, _ => OpenAsync(context, runtime))
                : new PortForward(new ForwardTarget("p", "u", ConnectAsync), timeouts, NullLogger.Instance)
                    .ServeAsync(context));
        }
        catch (StreamRefusedException refused) when (!context.Response.HasStarted)
        {
            context.Response.StatusCode = refused.Code;
            await context.Response.WriteAsync(refused.Message);
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or TimeoutException or WebSocketException)
        {
            context.Abort();
        }
    }

    private static Task<Uri> OpenAsync(HttpContext context, FakeRuntime? runtime) =>
        context.Request.Query["refuse"].ToString() is { Length: > 0 } why
            ? Task.FromException<Uri>(new StreamRefusedException(500, why))
            : Task.FromResult(runtime?.Url ?? new Uri("http://127.0.0.1:9"));

    internal static async Task<string> ReadHeadAsync(Stream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one, Limit);
            head.Append((char)one[0]);
        }

        return head.ToString();
    }
}

/// <summary>The streaming server of a container runtime: one SPDY connection per command, whose streams are handed to
/// the test.</summary>
internal sealed class FakeRuntime : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _streams;
    private Socket? _socket;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="streams">How many streams the command waits for; with 0 it never accepts any.</param>
    /// <param name="command">What runs.</param>
    public FakeRuntime(int streams, Func<IReadOnlyDictionary<string, SpdyStream>, Task>? command = null)
    {
        _streams = streams;
        Command = command ?? (_ => Task.CompletedTask);
        _listener.Start();
        _ = ServeAsync();
    }

    /// <summary>What runs; it gets the streams by type.</summary>
    public Func<IReadOnlyDictionary<string, SpdyStream>, Task> Command { get; set; }

    public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/exec/token");

    /// <summary>Completes when the connection to the runtime has ended.</summary>
    public Task Ended => _ended.Task.WaitAsync(StreamHost.Patience);

    /// <summary>Ends a command as the runtime does: its status on the error stream, then all streams are
    /// closed.</summary>
    public static async Task ExitAsync(IReadOnlyDictionary<string, SpdyStream> streams, string status)
    {
        await streams["error"].WriteAsync(Encoding.UTF8.GetBytes(status), StreamHost.Limit);
        foreach (var stream in streams.Values)
        {
            await stream.CloseWriteAsync(StreamHost.Limit);
        }
    }

    /// <summary>The connection breaks.</summary>
    public void Cut() => _socket!.Shutdown(SocketShutdown.Send);

    public void Dispose() => _listener.Dispose();

    private async Task ServeAsync()
    {
        using var socket = _socket = await _listener.AcceptSocketAsync();
        await using var stream = new NetworkStream(socket);
        await StreamHost.ReadHeadAsync(stream);
        await stream.WriteAsync(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n"u8.ToArray());
        if (_streams == 0)
        {
            await stream.CopyToAsync(Stream.Null);
            _ended.SetResult();
            return;
        }

        var opened = new Dictionary<string, SpdyStream>();
        await using var connection = new SpdyConnection(stream, isServer: true);
        await connection.RunAsync(
            accepted =>
            {
                opened[accepted.Headers["streamtype"]] = accepted;
                if (opened.Count == _streams)
                {
                    _ = Command(opened);
                }
            },
            CancellationToken.None);
        _ended.SetResult();
    }
}
