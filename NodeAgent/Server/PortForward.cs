using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using OrleansOrchestrator.NodeAgent.Server.Spdy;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>Where forwarded connections go.</summary>
/// <param name="Pod">Its name, for messages.</param>
/// <param name="Uid">Its uid, for messages.</param>
/// <param name="ConnectAsync">Opens a connection to a port of the pod.</param>
public sealed record ForwardTarget(
    string Pod, string Uid, Func<int, CancellationToken, Task<NetworkStream>> ConnectAsync);

/// <summary>
/// Serves port-forward in the three forms that clients speak: SPDY (one error and one data stream per connection,
/// paired by request id), the same tunnelled through a WebSocket, and the plain WebSocket protocol with two channels
/// per port.
/// </summary>
public sealed partial class PortForward(ForwardTarget target, StreamTimeouts timeouts, ILogger logger)
{
    private const string TunnelProtocol = "SPDY/3.1+portforward.k8s.io";
    private const string SpdyProtocol = "portforward.k8s.io";
    private const string BinaryProtocol = "v4.channel.k8s.io";
    private const string TextProtocol = "v4.base64.channel.k8s.io";
    private const string VersionHeader = "X-Stream-Protocol-Version";
    private const int BufferBytes = 32 * 1024;
    private const int MaxPorts = 64;

    /// <summary>Serves the client until it goes; a request that is not acceptable is a
    /// <see cref="StreamRefusedException"/>.</summary>
    public async Task ServeAsync(HttpContext context)
    {
        if (context.WebSockets.IsWebSocketRequest)
        {
            await ServeWebSocketAsync(context);
        }
        else if (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade)
        {
            CheckSpdy(context);
            context.Response.StatusCode = StatusCodes.Status101SwitchingProtocols;
            context.Response.Headers.Connection = "Upgrade";
            context.Response.Headers.Upgrade = "SPDY/3.1";
            context.Response.Headers[VersionHeader] = SpdyProtocol;
            await ServeSpdyAsync(context, await upgrade.UpgradeAsync());
        }
        else
        {
            throw new StreamRefusedException(400, "Upgrade request required");
        }
    }

    /// <summary>The ports that the plain WebSocket form asks for; others than good ones are a
    /// <see cref="StreamRefusedException"/> in the kubelet's words.</summary>
    public static IReadOnlyList<int> Ports(IQueryCollection query)
    {
        var given = query["port"];
        var ports = given.SelectMany(v => (v ?? "").Split(',').Select(p => Port(p, v ?? ""))).Take(MaxPorts + 1)
            .ToList();
        return ports.Count switch
        {
            0 => throw new StreamRefusedException(400, "query parameter \"port\" is required"),
            > MaxPorts => throw new StreamRefusedException(400, $"at most {MaxPorts} ports can be forwarded at once"),
            _ => ports,
        };
    }

    private static int Port(string text, string whole)
    {
        if (whole.Length == 0)
        {
            throw new StreamRefusedException(400, "query parameter \"port\" cannot be empty");
        }

        var isNumber = text.Length > 0 && text.All(char.IsAsciiDigit);
        return ParsePort(text) switch
        {
            0 when isNumber && text.Trim('0').Length == 0 =>
                throw new StreamRefusedException(400, $"port \"{whole}\" must be > 0"),
            0 => throw new StreamRefusedException(
                400,
                $"unable to parse \"{whole}\" as a port: strconv.ParseUint: parsing \"{text}\": " +
                (isNumber ? "value out of range" : "invalid syntax")),
            var port => port,
        };
    }

    private static void CheckSpdy(HttpContext context)
    {
        var offered = context.Request.Headers[VersionHeader].SelectMany(
            v => v!.Split(',', StringSplitOptions.TrimEntries)).ToList();
        if (offered.Count == 0)
        {
            throw new StreamRefusedException(400, $"unable to upgrade: {VersionHeader} is required");
        }

        if (!offered.Contains(SpdyProtocol))
        {
            context.Response.Headers["X-Accepted-Stream-Protocol-Versions"] = SpdyProtocol;
            throw new StreamRefusedException(
                403,
                "unable to upgrade: unable to negotiate protocol: " +
                $"client supports [{string.Join(' ', offered)}], server accepts [{SpdyProtocol}]");
        }
    }

    private async Task ServeWebSocketAsync(HttpContext context)
    {
        var requested = context.WebSockets.WebSocketRequestedProtocols;
        if (requested.Contains(TunnelProtocol))
        {
            using var tunnel = await WebSocketTunnel.AcceptAsync(context, TunnelProtocol);
            await ServeSpdyAsync(context, new WebSocketStream(tunnel));
            return;
        }

        var ports = Ports(context.Request.Query);
        var protocol = requested.FirstOrDefault(p => p is BinaryProtocol or TextProtocol);
        if (protocol is null && requested.Count > 0)
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        using var messages = new ChannelMessages(
            await context.WebSockets.AcceptWebSocketAsync(protocol), isText: protocol == TextProtocol);
        await ServeChannelsAsync(messages, ports, context.RequestAborted);
    }

    private static int ParsePort(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= ushort.MaxValue
            ? port
            : 0;

    private async Task ServeSpdyAsync(HttpContext context, Stream transport)
    {
        var watched = new IdleTimeoutStream(transport, timeouts.Idle, timeouts.Time, context.Abort);
        await using var connection = new SpdyConnection(watched, isServer: true);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        using var pairs = new ForwardPairs(
            timeouts, (data, error) => _ = ForwardAsync(data, error, ended.Token), ended.Token);
        await connection.RunAsync(pairs.Add, ended.Token);
        await ended.CancelAsync();
    }

    private async Task ForwardAsync(SpdyStream data, SpdyStream error, CancellationToken cancellationToken)
    {
        error.StopReading();
        var port = ParsePort(data.Headers.GetValueOrDefault("port", ""));
        try
        {
            await using var connection = await target.ConnectAsync(port, cancellationToken);
            await JoinAsync(data, connection, cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException)
        {
            await ReportAsync(error, port, failure, cancellationToken);
        }
        catch (Exception failure)
        {
            LogForwardFailed(failure, port, target.Pod);
            await ReportAsync(error, port, failure, cancellationToken);
        }

        data.StopReading();
        await Task.WhenAll(data.CloseWriteAsync(cancellationToken), error.CloseWriteAsync(cancellationToken))
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // The pod ends it by closing its side after all it had to say; the client by giving the stream up, whatever the pod
    // may still say.
    private static async Task JoinAsync(SpdyStream data, NetworkStream connection, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var up = CopyUpAsync(data, connection, ended.Token);
        var down = CopyDownAsync(connection, data, ended.Token);
        var first = await Task.WhenAny(down, data.Abandoned);
        await ended.CancelAsync();
        await up.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await (first == down ? down : Task.CompletedTask);
        await down.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ReportAsync(SpdyStream error, int port, Exception failure, CancellationToken cancellationToken)
    {
        await error.WriteAsync(Encoding.UTF8.GetBytes(Problem(port, failure)), cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private string Problem(int port, Exception failure) => string.Create(
        CultureInfo.InvariantCulture,
        $"error forwarding port {port} to pod {target.Pod}, uid {target.Uid}: {failure.Message}");

    private static async Task CopyUpAsync(
        SpdyStream data, NetworkStream connection, CancellationToken cancellationToken)
    {
        await data.CopyInputAsync((bytes, token) => connection.WriteAsync(bytes, token).AsTask(), cancellationToken);
        connection.Socket.Shutdown(SocketShutdown.Send);
    }

    private static async Task CopyDownAsync(
        NetworkStream connection, SpdyStream data, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        int count;
        while ((count = await connection.ReadAsync(buffer, cancellationToken)) > 0)
        {
            await data.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }
    }

    // Channel 2i carries the data of port i, channel 2i+1 its errors; each begins with the port as two bytes, little
    // endian.
    private async Task ServeChannelsAsync(
        ChannelMessages messages, IReadOnlyList<int> ports, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var connections = new NetworkStream?[ports.Count];
        var pumps = new List<Task>();
        try
        {
            for (var i = 0; i < ports.Count; i++)
            {
                connections[i] = await OpenChannelAsync(messages, i, ports[i], ended.Token);
                pumps.Add(PumpChannelAsync(messages, i, connections[i], ended.Token));
            }

            var receiving = messages.ReceiveAsync(
                (channel, content) => DeliverAsync(connections, channel, content, ended.Token), CancellationToken.None);
            await Task.WhenAny(receiving, Task.WhenAll(pumps));
            await messages.SayGoodbyeAsync(ended.Token);
            await ended.CancelAsync();
            await ChannelMessages.LingerAsync(receiving);
        }
        finally
        {
            await ended.CancelAsync();
            await Task.WhenAll(pumps).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (var connection in connections)
            {
                connection?.Dispose();
            }
        }
    }

    private async Task<NetworkStream?> OpenChannelAsync(
        ChannelMessages messages, int index, int port, CancellationToken cancellationToken)
    {
        var head = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(head, (ushort)port);
        await messages.SendAsync((byte)(2 * index), head, cancellationToken);
        await messages.SendAsync((byte)((2 * index) + 1), head, cancellationToken);
        try
        {
            return await target.ConnectAsync(port, cancellationToken);
        }
        catch (Exception failure) when (failure is SocketException or IOException)
        {
            await messages.SendAsync(
                (byte)((2 * index) + 1), Encoding.UTF8.GetBytes(Problem(port, failure)), cancellationToken);
            return null;
        }
    }

    private static async Task PumpChannelAsync(
        ChannelMessages messages, int index, NetworkStream? connection, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        int count;
        while (connection is not null && (count = await connection.ReadAsync(buffer, cancellationToken)) > 0)
        {
            await messages.SendAsync((byte)(2 * index), buffer.AsMemory(0, count), cancellationToken);
        }
    }

    private static async Task DeliverAsync(
        NetworkStream?[] connections, byte channel, ReadOnlyMemory<byte> content,
        CancellationToken cancellationToken)
    {
        if (channel % 2 != 0 || channel / 2 >= connections.Length || connections[channel / 2] is not { } connection)
        {
            return;
        }

        try
        {
            await connection.WriteAsync(content, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // It is over: what the client still says is for nobody.
        }
    }

    [LoggerMessage(1, LogLevel.Error, "Forwarding port {Port} of pod {Pod} failed")]
    private partial void LogForwardFailed(Exception failure, int port, string pod);
}
