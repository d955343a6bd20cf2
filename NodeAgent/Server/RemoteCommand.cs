using System.Text;
using Microsoft.AspNetCore.Http.Features;
using OrleansOrchestrator.NodeAgent.Server.Spdy;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>Which of the standard streams a client wants of an exec or attach.</summary>
public sealed record StreamChoice(bool Stdin, bool Stdout, bool Stderr, bool Tty)
{
    /// <summary>
    /// Reads the query; both the kubelet's names and the API's are known. A terminal has one output only.
    /// </summary>
    public static StreamChoice Read(IQueryCollection query)
    {
        bool Is(string name, string kubelet) => IsTrue(query[name]) || IsTrue(query[kubelet]);
        var tty = IsTrue(query["tty"]);
        return new StreamChoice(Is("stdin", "input"), Is("stdout", "output"), Is("stderr", "error") && !tty, tty);
    }

    /// <summary>At least one stream is wanted.</summary>
    public bool IsAny => Stdin || Stdout || Stderr;

    /// <summary>Go's notion of a true value.</summary>
    public static bool IsTrue(string? text) => text is "1" or "true" or "True" or "TRUE" or "t" or "T";
}

/// <summary>
/// Joins a client of exec or attach with the runtime's streaming server. SPDY clients get its bytes as they are;
/// WebSocket clients (protocols v4 and v5, which prefix each message with a channel number) are translated to SPDY,
/// because only SPDY can close stdin alone. When either side goes, the other one is let go too.
/// </summary>
public static class RemoteCommand
{
    private const string V4 = "v4.channel.k8s.io";
    private const string V5 = "v5.channel.k8s.io";
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
    /// for its URL.</summary>
    public static async Task ServeAsync(
        HttpContext context, StreamChoice choice, StreamTimeouts timeouts, Func<CancellationToken, Task<Uri>> open)
    {
        if (!choice.IsAny)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsync("you must specify at least 1 of stdin, stdout, stderr");
        }
        else if (context.WebSockets.IsWebSocketRequest)
        {
            await ServeWebSocketAsync(context, choice, timeouts, open);
        }
        else if (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade)
        {
            await RelayAsync(context, upgrade, timeouts, await open(context.RequestAborted));
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsync("Upgrade request required");
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
        var protocol = new[] { V5, V4 }.FirstOrDefault(context.WebSockets.WebSocketRequestedProtocols.Contains);
        if (protocol is null)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsync(
                $"unable to upgrade: unable to negotiate protocol: client supports {string.Join(", ", context.WebSockets.WebSocketRequestedProtocols)}, " +
                $"server accepts {V5}, {V4}");
            return;
        }

        await using var runtime =
            await UpgradedConnection.OpenSpdyAsync(await open(context.RequestAborted), [V4], context.RequestAborted);
        using var messages = new ChannelMessages(await context.WebSockets.AcceptWebSocketAsync(protocol));
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        await using var spdy = new SpdyConnection(
            new IdleTimeoutStream(runtime.Stream, timeouts.Idle, timeouts.Time), isServer: false);
        var reading = spdy.RunAsync(_ => { }, ended.Token);
        try
        {
            var streams = await OpenStreamsAsync(spdy, choice, ended.Token).WaitAsync(
                timeouts.Creation, timeouts.Time, ended.Token);
            await JoinAsync(messages, streams, protocol == V5, ended);
        }
        finally
        {
            await ended.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // The client ends it by closing or by being gone; the runtime by having sent everything.
    private static async Task JoinAsync(
        ChannelMessages messages, Streams streams, bool knowsClose, CancellationTokenSource ended)
    {
        var up = messages.ReceiveAsync(
            (channel, content) => DeliverAsync(streams, channel, content, knowsClose, ended.Token), ended.Token);
        var down = PumpRuntimeAsync(messages, streams, ended.Token);
        await Task.WhenAny(up, down);
        if (!up.IsFaulted)
        {
            await messages.CloseAsync(up, ended.Token);
        }

        await ended.CancelAsync();
        await Task.WhenAll(up, down).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
        catch (IOException)
        {
            // The command reads no more; what it still says is to reach the client.
        }
    }

    // The status comes last: a client that has read it stops reading.
    private static async Task PumpRuntimeAsync(
        ChannelMessages messages, Streams streams, CancellationToken cancellationToken)
    {
        var output = Task.WhenAll(
            PumpAsync(messages, streams.Stdout, StdoutChannel, cancellationToken),
            PumpAsync(messages, streams.Stderr, StderrChannel, cancellationToken));
        var status = new MemoryStream();
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
        }
        catch (IOException exception)
        {
            status.SetLength(0);
            status.Write(Encoding.UTF8.GetBytes(FailureStatus(exception.Message)));
        }

        await messages.SendAsync(ErrorChannel, status.ToArray(), cancellationToken);
    }

    private static Task PumpAsync(
        ChannelMessages messages, SpdyStream? from, byte channel, CancellationToken cancellationToken) =>
        from is null
            ? Task.CompletedTask
            : from.CopyInputAsync((bytes, token) => messages.SendAsync(channel, bytes, token), cancellationToken);

    private static string FailureStatus(string message) => System.Text.Json.JsonSerializer.Serialize(new
    {
        kind =
            "Status", apiVersion =
                "v1", metadata = new { }, status = "Failure", message, reason = "InternalError", code = 500,
    });
}
