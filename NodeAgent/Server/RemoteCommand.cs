using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using OrleansOrchestrator.NodeAgent.Server.Spdy;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>Which of the standard streams a client wants of an exec or attach.</summary>
public sealed record StreamChoice(bool Stdin, bool Stdout, bool Stderr, bool Tty);

/// <summary>
/// Joins a client of exec or attach with the runtime's streaming server. SPDY clients get its bytes as they are; WebSocket clients (protocols v4 and v5, which
/// prefix each message with a channel number) are translated to SPDY, because only SPDY can close stdin alone.
/// </summary>
public static class RemoteCommand
{
    private const string V4 = "v4.channel.k8s.io";
    private const string V5 = "v5.channel.k8s.io";
    private const int ReceiveBytes = 32 * 1024;

    private const byte StdinChannel = 0;
    private const byte StdoutChannel = 1;
    private const byte StderrChannel = 2;
    private const byte ErrorChannel = 3;
    private const byte ResizeChannel = 4;
    private const byte CloseChannel = 255;

    /// <summary>Serves the client until the command ends or either side goes. <paramref name="open"/> asks the runtime for its URL.</summary>
    public static async Task ServeAsync(HttpContext context, StreamChoice choice, Func<CancellationToken, Task<Uri>> open)
    {
        if (context.WebSockets.IsWebSocketRequest)
        {
            await ServeWebSocketAsync(context, choice, open);
        }
        else if (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade)
        {
            await RelayAsync(context, upgrade, await open(context.RequestAborted));
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsync("you must specify at least 1 of stdin, stdout, stderr and upgrade the connection");
        }
    }

    private static async Task RelayAsync(HttpContext context, IHttpUpgradeFeature upgrade, Uri url)
    {
        var protocols = context.Request.Headers["X-Stream-Protocol-Version"].SelectMany(v => v!.Split(',', StringSplitOptions.TrimEntries));
        await using var runtime = await UpgradedConnection.OpenSpdyAsync(url, protocols, context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status101SwitchingProtocols;
        context.Response.Headers.Connection = "Upgrade";
        context.Response.Headers.Upgrade = "SPDY/3.1";
        if (runtime.Headers.TryGetValue("X-Stream-Protocol-Version", out var protocol))
        {
            context.Response.Headers["X-Stream-Protocol-Version"] = protocol;
        }

        await using var client = await upgrade.UpgradeAsync();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        var up = client.CopyToAsync(runtime.Stream, ended.Token);
        var down = runtime.Stream.CopyToAsync(client, ended.Token);
        await Task.WhenAny(up, down);
        await ended.CancelAsync();
        await Task.WhenAll(up, down).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task ServeWebSocketAsync(HttpContext context, StreamChoice choice, Func<CancellationToken, Task<Uri>> open)
    {
        var protocol = new[] { V5, V4 }.FirstOrDefault(context.WebSockets.WebSocketRequestedProtocols.Contains);
        if (protocol is null)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsync(
                $"unable to upgrade: unable to negotiate protocol: client supports {string.Join(", ", context.WebSockets.WebSocketRequestedProtocols)}, " +
                $"server accepts {V5}, {V4}");
            return;
        }

        await using var runtime = await UpgradedConnection.OpenSpdyAsync(await open(context.RequestAborted), [V4], context.RequestAborted);
        using var socket = await context.WebSockets.AcceptWebSocketAsync(protocol);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        await using var spdy = new SpdyConnection(runtime.Stream, isServer: false);
        var reading = spdy.RunAsync(_ => { }, ended.Token);
        try
        {
            var streams = await OpenStreamsAsync(spdy, choice, ended.Token);
            var up = PumpClientAsync(socket, streams, ended.Token);
            await PumpRuntimeAsync(socket, streams, ended.Token);
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", ended.Token);
            await up.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            await ended.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // The order in which upstream's client opens them; the server waits until it has all that it expects.
    private static async Task<Streams> OpenStreamsAsync(
        SpdyConnection spdy, StreamChoice choice, CancellationToken cancellationToken)
    {
        Task<SpdyStream> OpenAsync(string type) =>
            spdy.OpenAsync(new Dictionary<string, string> { ["streamtype"] = type }, cancellationToken);

        var error = await OpenAsync("error");
        var stdin = choice.Stdin ? await OpenAsync("stdin") : null;
        var stdout = choice.Stdout ? await OpenAsync("stdout") : null;
        var stderr = choice.Stderr && !choice.Tty ? await OpenAsync("stderr") : null;
        var resize = choice.Tty ? await OpenAsync("resize") : null;
        return new Streams(error, stdin, stdout, stderr, resize);
    }

    private static async Task PumpClientAsync(WebSocket socket, Streams streams, CancellationToken cancellationToken)
    {
        var buffer = new byte[ReceiveBytes];
        byte? channel = null;
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await CloseStdinAsync(streams, cancellationToken);
                return;
            }

            var content = buffer.AsMemory(0, received.Count);
            if (channel is null && content.Length > 0)
            {
                channel = content.Span[0];
                content = content[1..];
            }

            await DeliverAsync(streams, channel, content, cancellationToken);
            channel = received.EndOfMessage ? null : channel;
        }
    }

    private static Task DeliverAsync(Streams streams, byte? channel, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        channel switch
        {
            StdinChannel when streams.Stdin is { } stdin && content.Length > 0 => stdin.WriteAsync(content, cancellationToken),
            ResizeChannel when streams.Resize is { } resize && content.Length > 0 => resize.WriteAsync(content, cancellationToken),
            CloseChannel when content.Length > 0 && content.Span[0] == StdinChannel => CloseStdinAsync(streams, cancellationToken),
            _ => Task.CompletedTask,
        };

    private static Task CloseStdinAsync(Streams streams, CancellationToken cancellationToken) =>
        streams.Stdin?.CloseWriteAsync(cancellationToken) ?? Task.CompletedTask;

    // The status comes last: a client that has read it stops reading.
    private static async Task PumpRuntimeAsync(WebSocket socket, Streams streams, CancellationToken cancellationToken)
    {
        using var sending = new SemaphoreSlim(1, 1);
        var output = Task.WhenAll(
            PumpAsync(socket, sending, streams.Stdout, StdoutChannel, cancellationToken),
            PumpAsync(socket, sending, streams.Stderr, StderrChannel, cancellationToken));
        var status = new MemoryStream();
        try
        {
            await streams.Error.CopyInputAsync(
                (bytes, _) =>
                {
                    status.Write(bytes.Span);
                    return Task.CompletedTask;
                },
                cancellationToken);
            await output;
        }
        catch (IOException exception)
        {
            status.SetLength(0);
            status.Write(Encoding.UTF8.GetBytes(FailureStatus(exception.Message)));
        }

        await SendAsync(socket, sending, ErrorChannel, status.ToArray(), cancellationToken);
    }

    private static Task PumpAsync(
        WebSocket socket, SemaphoreSlim sending, SpdyStream? from, byte channel, CancellationToken cancellationToken) =>
        from is null
            ? Task.CompletedTask
            : from.CopyInputAsync((bytes, token) => SendAsync(socket, sending, channel, bytes, token), cancellationToken);

    private static async Task SendAsync(
        WebSocket socket, SemaphoreSlim sending, byte channel, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var message = new byte[1 + content.Length];
        message[0] = channel;
        content.CopyTo(message.AsMemory(1));
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

    private static string FailureStatus(string message) => System.Text.Json.JsonSerializer.Serialize(new
    {
        kind = "Status", apiVersion = "v1", metadata = new { }, status = "Failure", message, reason = "InternalError", code = 500,
    });

    private sealed record Streams(SpdyStream Error, SpdyStream? Stdin, SpdyStream? Stdout, SpdyStream? Stderr, SpdyStream? Resize);
}
