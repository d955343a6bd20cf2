using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using OrleansOrchestrator.NodeAgent.Server.Spdy;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>Where forwarded connections go.</summary>
/// <param name="Description">For messages: <c>NAME, uid : UID</c> as upstream writes it.</param>
/// <param name="ConnectAsync">Opens a connection to a port of the pod.</param>
public sealed record ForwardTarget(string Description, Func<int, CancellationToken, Task<NetworkStream>> ConnectAsync);

/// <summary>
/// Serves port-forward in the three forms that clients speak: SPDY (one error and one data stream per connection,
/// paired by request id), the same tunnelled through a WebSocket, and the plain WebSocket protocol with two channels
/// per port.
/// </summary>
public sealed partial class PortForward(ForwardTarget target, StreamTimeouts timeouts, ILogger logger)
{
    private const string TunnelProtocol = "SPDY/3.1+portforward.k8s.io";
    private const string SpdyProtocol = "portforward.k8s.io";
    private const string ChannelProtocol = "v4.channel.k8s.io";
    private const int BufferBytes = 32 * 1024;
    private const int MaxPorts = 64;

    /// <summary>Serves the client until it goes.</summary>
    public async Task ServeAsync(HttpContext context)
    {
        if (context.WebSockets.IsWebSocketRequest)
        {
            await ServeWebSocketAsync(context);
        }
        else if (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade)
        {
            context.Response.StatusCode = StatusCodes.Status101SwitchingProtocols;
            context.Response.Headers.Connection = "Upgrade";
            context.Response.Headers.Upgrade = "SPDY/3.1";
            context.Response.Headers["X-Stream-Protocol-Version"] = SpdyProtocol;
            await ServeSpdyAsync(context, await upgrade.UpgradeAsync());
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsync("Upgrade request required");
        }
    }

    /// <summary>
    /// The ports that the plain WebSocket form asks for; null unless there are some and all are good.
    /// </summary>
    public static IReadOnlyList<int>? Ports(IQueryCollection query)
    {
        var ports = query["ports"].Concat(query["port"]).SelectMany(
            v => (v ?? "").Split(',')).Take(MaxPorts + 1).Select(ParsePort).ToList();
        return ports.Count is 0 or > MaxPorts || ports.Contains(0) ? null : ports;
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

        if (Ports(context.Request.Query) is not { } ports)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsync("query parameter \"ports\" must name ports from 1 to 65535");
            return;
        }

        var protocol = requested.Contains(ChannelProtocol) ? ChannelProtocol : requested.FirstOrDefault();
        using var messages = new ChannelMessages(await context.WebSockets.AcceptWebSocketAsync(protocol));
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
            LogForwardFailed(failure, port, target.Description);
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
        CultureInfo.InvariantCulture, $"error forwarding port {port} to pod {target.Description}: {failure.Message}");

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
                (channel, content) => DeliverAsync(connections, channel, content, ended.Token), ended.Token);
            await Task.WhenAny(receiving, Task.WhenAll(pumps));
            if (!receiving.IsFaulted)
            {
                await messages.CloseAsync(receiving, ended.Token);
            }

            await ended.CancelAsync();
            await receiving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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

    private static Task DeliverAsync(
        NetworkStream?[] connections, byte channel, ReadOnlyMemory<byte> content,
        CancellationToken cancellationToken) =>
        channel % 2 == 0 && channel / 2 < connections.Length && connections[channel / 2] is { } connection
            ? connection.WriteAsync(content, cancellationToken).AsTask()
            : Task.CompletedTask;

    [LoggerMessage(1, LogLevel.Error, "Forwarding port {Port} of pod {Pod} failed")]
    private partial void LogForwardFailed(Exception failure, int port, string pod);
}
