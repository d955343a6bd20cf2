using System.Buffers.Binary;
using System.Collections.Concurrent;
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
/// Serves port-forward in the three forms that clients speak: SPDY (one error and one data stream per connection, paired by request id), the same tunnelled through a
/// WebSocket, and the plain WebSocket protocol with two channels per port.
/// </summary>
public sealed partial class PortForward(ForwardTarget target, ILogger logger)
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
            await ServeSpdyAsync(await upgrade.UpgradeAsync(), context.RequestAborted);
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsync("Upgrade request required");
        }
    }

    private async Task ServeWebSocketAsync(HttpContext context)
    {
        var requested = context.WebSockets.WebSocketRequestedProtocols;
        if (requested.Contains(TunnelProtocol))
        {
            using var tunnel = await WebSocketTunnel.AcceptAsync(context, TunnelProtocol);
            await ServeSpdyAsync(new WebSocketStream(tunnel), context.RequestAborted);
            return;
        }

        var ports = context.Request.Query["ports"].SelectMany(v => v!.Split(',')).Select(ParsePort).ToList();
        if (ports.Count is 0 or > MaxPorts || ports.Contains(0))
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsync("query parameter \"ports\" must name ports from 1 to 65535");
            return;
        }

        var protocol = requested.Contains(ChannelProtocol) ? ChannelProtocol : requested.FirstOrDefault();
        using var socket = await context.WebSockets.AcceptWebSocketAsync(protocol);
        await ServeChannelsAsync(socket, ports, context.RequestAborted);
    }

    private static int ParsePort(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= ushort.MaxValue ? port : 0;

    private async Task ServeSpdyAsync(Stream transport, CancellationToken cancellationToken)
    {
        await using var connection = new SpdyConnection(transport, isServer: true);
        var waiting = new ConcurrentDictionary<string, SpdyStream>();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await connection.RunAsync(
            stream =>
            {
                // The error stream comes first; its data stream has the same request id.
                var id = stream.Headers.GetValueOrDefault("requestid", "");
                if (stream.Headers.GetValueOrDefault("streamtype") == "error")
                {
                    waiting[id] = stream;
                }
                else if (waiting.TryRemove(id, out var error))
                {
                    _ = ForwardAsync(stream, error, ended.Token);
                }
            },
            ended.Token);
        await ended.CancelAsync();
    }

    private async Task ForwardAsync(SpdyStream data, SpdyStream error, CancellationToken cancellationToken)
    {
        var port = ParsePort(data.Headers.GetValueOrDefault("port", ""));
        try
        {
            await using var connection = await target.ConnectAsync(port, cancellationToken);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var up = CopyUpAsync(data, connection, ended.Token);
            var down = CopyDownAsync(connection, data, ended.Token);
            await down;
            await ended.CancelAsync();
            await up.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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

        await Task.WhenAll(data.CloseWriteAsync(cancellationToken), error.CloseWriteAsync(cancellationToken))
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ReportAsync(SpdyStream error, int port, Exception failure, CancellationToken cancellationToken)
    {
        var text = $"error forwarding port {port} to pod {target.Description}: {failure.Message}";
        await error.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task CopyUpAsync(SpdyStream data, NetworkStream connection, CancellationToken cancellationToken)
    {
        await data.CopyInputAsync((bytes, token) => connection.WriteAsync(bytes, token).AsTask(), cancellationToken);
        connection.Socket.Shutdown(SocketShutdown.Send);
    }

    private static async Task CopyDownAsync(NetworkStream connection, SpdyStream data, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        int count;
        while ((count = await connection.ReadAsync(buffer, cancellationToken)) > 0)
        {
            await data.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }
    }

    // Channel 2i carries the data of port i, channel 2i+1 its errors; each begins with the port as two bytes, little endian.
    private async Task ServeChannelsAsync(WebSocket socket, List<int> ports, CancellationToken cancellationToken)
    {
        using var sending = new SemaphoreSlim(1, 1);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var connections = new NetworkStream?[ports.Count];
        var pumps = new List<Task>();
        try
        {
            for (var i = 0; i < ports.Count; i++)
            {
                connections[i] = await OpenChannelAsync(socket, sending, i, ports[i], ended.Token);
                pumps.Add(PumpChannelAsync(socket, sending, i, connections[i], ended.Token));
            }

            await Task.WhenAny(ReceiveChannelsAsync(socket, connections, ended.Token), Task.WhenAll(pumps));
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", ended.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
        WebSocket socket, SemaphoreSlim sending, int index, int port, CancellationToken cancellationToken)
    {
        var head = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(head, (ushort)port);
        await SendAsync(socket, sending, (byte)(2 * index), head, cancellationToken);
        await SendAsync(socket, sending, (byte)((2 * index) + 1), head, cancellationToken);
        try
        {
            return await target.ConnectAsync(port, cancellationToken);
        }
        catch (SocketException failure)
        {
            var text = $"error forwarding port {port} to pod {target.Description}: {failure.Message}";
            await SendAsync(socket, sending, (byte)((2 * index) + 1), Encoding.UTF8.GetBytes(text), cancellationToken);
            return null;
        }
    }

    private static async Task PumpChannelAsync(
        WebSocket socket, SemaphoreSlim sending, int index, NetworkStream? connection, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        int count;
        while (connection is not null && (count = await connection.ReadAsync(buffer, cancellationToken)) > 0)
        {
            await SendAsync(socket, sending, (byte)(2 * index), buffer.AsMemory(0, count), cancellationToken);
        }
    }

    private static async Task ReceiveChannelsAsync(WebSocket socket, NetworkStream?[] connections, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        int? channel = null;
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return;
            }

            var content = buffer.AsMemory(0, received.Count);
            if (channel is null && content.Length > 0)
            {
                channel = content.Span[0];
                content = content[1..];
            }

            if (channel is { } even && even % 2 == 0 && even / 2 < connections.Length && connections[even / 2] is { } connection)
            {
                await connection.WriteAsync(content, cancellationToken);
            }

            channel = received.EndOfMessage ? null : channel;
        }
    }

    private static async Task SendAsync(
        WebSocket socket, SemaphoreSlim sending, byte channel, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        byte[] message = [channel, .. content.Span];
        await sending.WaitAsync(cancellationToken);
        try
        {
            await socket.SendAsync(message.AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
        }
        finally
        {
            sending.Release();
        }
    }

    [LoggerMessage(1, LogLevel.Error, "Forwarding port {Port} of pod {Pod} failed")]
    private partial void LogForwardFailed(Exception failure, int port, string pod);
}
