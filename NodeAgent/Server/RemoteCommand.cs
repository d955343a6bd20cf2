using System.Net.Sockets;
using k8s.Models;
using Microsoft.AspNetCore.Http.Features;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Server.Spdy;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>Which of the standard streams a client wants of an exec or attach.</summary>
public sealed record StreamChoice(bool Stdin, bool Stdout, bool Stderr, bool Tty)
{
    /// <summary>Reads the query, in the kubelet's names. A terminal has one output only.</summary>
    public static StreamChoice Read(IQueryCollection query)
    {
        bool Is(string name) => query[name] is ["1", ..];
        return new StreamChoice(Is("input"), Is("output"), Is("error") && !Is("tty"), Is("tty"));
    }

    /// <summary>
    /// What the runtime is asked for. A container has a terminal from its start or never, whatever the client says.
    /// </summary>
    public AttachRequest Attach(V1Pod pod, string container, string id) => new()
    {
        ContainerId = id, Stdin = Stdin, Stdout = Stdout, Stderr = Stderr,
        Tty = pod.FindContainer(container)?.Tty ?? false,
    };

    /// <summary>At least one stream is wanted.</summary>
    public bool IsAny => Stdin || Stdout || Stderr;
}

/// <summary>
/// Joins a client of exec or attach with the runtime's streaming server. SPDY clients get its bytes as they are;
/// WebSocket clients, whose messages each begin with the number of a channel, are translated to SPDY, because only SPDY
/// can close stdin alone. When either side goes, the other one is let go too.
/// </summary>
public static class RemoteCommand
{
    private const string RuntimeProtocol = "v4.channel.k8s.io";
    private const int MaxStatusBytes = 64 * 1024;

    private const byte StdinChannel = 0;
    private const byte StdoutChannel = 1;
    private const byte StderrChannel = 2;
    private const byte ErrorChannel = 3;
    private const byte ResizeChannel = 4;
    private const byte CloseChannel = 255;

    private sealed record Streams(
        SpdyStream Error, SpdyStream? Stdin, SpdyStream? Stdout, SpdyStream? Stderr, SpdyStream? Resize);

    /// <summary>Serves the client until the command ends or either side goes. <paramref name="open"/> asks the runtime
    /// for its URL; what it refuses (<see cref="StreamRefusedException"/>) is thrown on, unless the client speaks a
    /// protocol in which it can be told.</summary>
    public static async Task ServeAsync(
        HttpContext context, StreamChoice choice, StreamTimeouts timeouts, Func<CancellationToken, Task<Uri>> open)
    {
        async Task<Uri> OpenAsync(CancellationToken token) => choice.IsAny
            ? await open(token)
            : throw new StreamRefusedException(400, "you must specify at least 1 of stdin, stdout, stderr");

        if (context.WebSockets.IsWebSocketRequest)
        {
            await ServeWebSocketAsync(context, choice, timeouts, OpenAsync);
        }
        else if (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade)
        {
            await RelayAsync(context, upgrade, timeouts, await OpenAsync(context.RequestAborted));
        }
        else
        {
            await OpenAsync(context.RequestAborted);
            throw new StreamRefusedException(400, "Upgrade request required");
        }
    }

    private static async Task RelayAsync(
        HttpContext context, IHttpUpgradeFeature upgrade, StreamTimeouts timeouts, Uri url)
    {
        var protocols = context.Request.Headers["X-Stream-Protocol-Version"].SelectMany(
            v => v!.Split(',', StringSplitOptions.TrimEntries));
        await using var runtime = await UpgradedConnection.OpenSpdyAsync(url, protocols, context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status101SwitchingProtocols;
        context.Response.Headers.Connection = "Upgrade";
        context.Response.Headers.Upgrade = "SPDY/3.1";
        if (runtime.Headers.TryGetValue("X-Stream-Protocol-Version", out var protocol))
        {
            context.Response.Headers["X-Stream-Protocol-Version"] = protocol;
        }

        await using var client = new IdleTimeoutStream(
            await upgrade.UpgradeAsync(), timeouts.Idle, timeouts.Time, context.Abort);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        var up = client.CopyToAsync(runtime.Stream, ended.Token);
        var down = runtime.Stream.CopyToAsync(client, ended.Token);
        await Task.WhenAny(up, down);
        await ended.CancelAsync();
        await Task.WhenAll(up, down).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task ServeWebSocketAsync(
        HttpContext context, StreamChoice choice, StreamTimeouts timeouts, Func<CancellationToken, Task<Uri>> open)
    {
        var protocol = CommandProtocol.Negotiate(context.WebSockets.WebSocketRequestedProtocols);
        Task<UpgradedConnection> ConnectAsync() => ConnectRuntimeAsync(open, context.RequestAborted);
        if (protocol is not { IsV5: true })
        {
            await using var first = await ConnectAsync();
            if (protocol is null)
            {
                context.Response.StatusCode = StatusCodes.Status403Forbidden;
                return;
            }

            using var channels = await AcceptAsync(context, protocol, choice);
            await TranslateAsync(context, protocol, choice, timeouts, channels, first);
            return;
        }

        using var messages = await AcceptAsync(context, protocol, choice);
        var connecting = ConnectAsync();
        await ((Task)connecting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (connecting.Exception?.InnerException is StreamRefusedException or SocketException or IOException)
        {
            var text = $"unable to upgrade connection: {connecting.Exception.InnerException.Message}";
            await messages.SendAsync(ErrorChannel, protocol.Status.WriteFailure(text), context.RequestAborted);
            await messages.SayGoodbyeAsync(context.RequestAborted);
            await ChannelMessages.LingerAsync(
                messages.ReceiveAsync(static (_, _) => Task.CompletedTask, CancellationToken.None));
            return;
        }

        await using var runtime = await connecting;
        await TranslateAsync(context, protocol, choice, timeouts, messages, runtime);
    }

    private static async Task<UpgradedConnection> ConnectRuntimeAsync(
        Func<CancellationToken, Task<Uri>> open, CancellationToken cancellationToken) =>
        await UpgradedConnection.OpenSpdyAsync(await open(cancellationToken), [RuntimeProtocol], cancellationToken);

    // An empty message on the first channel that it can read tells the client that the connection stands.
    private static async Task<ChannelMessages> AcceptAsync(
        HttpContext context, CommandProtocol protocol, StreamChoice choice)
    {
        var messages = new ChannelMessages(
            await context.WebSockets.AcceptWebSocketAsync(protocol.Name), protocol.IsText);
        var readable = choice.Stdout ? StdoutChannel : choice.Stderr ? StderrChannel : ErrorChannel;
        await messages.SendAsync(readable, ReadOnlyMemory<byte>.Empty, context.RequestAborted);
        return messages;
    }

    private static async Task TranslateAsync(
        HttpContext context, CommandProtocol protocol, StreamChoice choice, StreamTimeouts timeouts,
        ChannelMessages messages,
        UpgradedConnection runtime)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        await using var spdy = new SpdyConnection(
            new IdleTimeoutStream(runtime.Stream, timeouts.Idle, timeouts.Time), isServer: false);
        var reading = spdy.RunAsync(_ => { }, ended.Token);
        try
        {
            var streams = await OpenStreamsAsync(spdy, choice, ended.Token).WaitAsync(
                timeouts.Creation, timeouts.Time, ended.Token);
            await JoinAsync(messages, streams, protocol, ended);
        }
        finally
        {
            await ended.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // The client ends it by closing or by being gone; the runtime by having sent everything.
    private static async Task JoinAsync(
        ChannelMessages messages, Streams streams, CommandProtocol protocol, CancellationTokenSource ended)
    {
        var up = messages.ReceiveAsync(
            (channel, content) => DeliverAsync(streams, channel, content, protocol.IsV5, ended.Token),
            CancellationToken.None);
        var down = PumpRuntimeAsync(messages, streams, protocol.Status, ended.Token);
        await Task.WhenAny(up, down);
        await messages.SayGoodbyeAsync(ended.Token);
        await ended.CancelAsync();
        await down.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ChannelMessages.LingerAsync(up);
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

    private static async Task DeliverAsync(
        Streams streams, byte channel, ReadOnlyMemory<byte> content, bool knowsClose,
        CancellationToken cancellationToken)
    {
        try
        {
            await (channel switch
            {
                StdinChannel when streams.Stdin is { } stdin => stdin.WriteAsync(content, cancellationToken),
                ResizeChannel when streams.Resize is { } resize => resize.WriteAsync(content, cancellationToken),
                CloseChannel when knowsClose && content.Span[0] == StdinChannel && streams.Stdin is { } stdin =>
                    stdin.CloseWriteAsync(cancellationToken),
                _ => Task.CompletedTask,
            });
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException)
        {
            // The command reads no more; what it still says is to reach the client.
        }
    }

    // The status comes last: a client that has read it stops reading.
    private static async Task PumpRuntimeAsync(
        ChannelMessages messages, Streams streams, CommandStatus form, CancellationToken cancellationToken)
    {
        var output = Task.WhenAll(
            PumpAsync(messages, streams.Stdout, StdoutChannel, cancellationToken),
            PumpAsync(messages, streams.Stderr, StderrChannel, cancellationToken));
        var status = new MemoryStream();
        byte[] last;
        try
        {
            await streams.Error.CopyInputAsync(
                (bytes, _) =>
                {
                    status.Write(bytes.Span[..Math.Min(bytes.Length, MaxStatusBytes - (int)status.Length)]);
                    return Task.CompletedTask;
                },
                cancellationToken);
            await output;
            last = form.Write(status.ToArray());
        }
        catch (IOException exception)
        {
            last = form.WriteFailure(exception.Message);
        }

        if (last.Length > 0)
        {
            await messages.SendAsync(ErrorChannel, last, cancellationToken);
        }
    }

    private static Task PumpAsync(
        ChannelMessages messages, SpdyStream? from, byte channel, CancellationToken cancellationToken) =>
        from is null
            ? Task.CompletedTask
            : from.CopyInputAsync((bytes, token) => messages.SendAsync(channel, bytes, token), cancellationToken);
}
