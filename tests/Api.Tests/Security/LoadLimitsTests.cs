using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.FlowControl;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Metrics;
using OrleansOrchestrator.Api.Serving;
using OrleansOrchestrator.Api.Tests.FlowControl;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Security;

/// <summary>How many requests are answered at once, and for how long.</summary>
public sealed class LoadLimitsTests
{
    private static readonly UserIdentity Somebody = new() { Name = "jane", Groups = ["system:authenticated"] };
    private static readonly UserIdentity Master = new() { Name = "admin", Groups = ["system:masters"] };

    private static readonly RequestLimits OneSeat = new() { MaxReadsInFlight = 1, MaxWritesInFlight = 0 };

    private readonly ManualTime _time = new();
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public void LimitsAreUpstreams()
    {
        var limits = new RequestLimits();
        Assert.Equal((400, 200), (limits.MaxReadsInFlight, limits.MaxWritesInFlight));
        Assert.Equal((60, 1800), (limits.RequestTimeout.TotalSeconds, limits.MinWatchTimeout.TotalSeconds));
    }

    [Fact]
    public void AServerWithoutSeatsDoesNotStart()
    {
        var error = Assert.Throws<InvalidOperationException>(
            () => new FlowController(new RequestLimits { MaxReadsInFlight = 0, MaxWritesInFlight = 0 }, _time));
        Assert.Equal(
            "invalid configuration: MaxRequestsInFlight=0 and MaxMutatingRequestsInFlight=0; " +
            "they must add up to something positive",
            error.Message);
    }

    /// <summary>What becomes of each sort of request when one seat is all there is, and taken.</summary>
    [Theory]
    [InlineData("GET", "/api/v1/pods", "", false)]
    [InlineData("GET", "/api/v1/namespaces/x/pods/y", "", false)]
    [InlineData("GET", "/apis", "", false)]
    [InlineData("GET", "/metrics", "", false)]
    [InlineData("GET", "/livez", "", false)]
    [InlineData("POST", "/api/v1/namespaces/x/pods", "", false)]
    [InlineData("PUT", "/api/v1/namespaces/x/pods/y/status", "", false)]
    [InlineData("PATCH", "/api/v1/namespaces/x/pods/y", "", false)]
    [InlineData("DELETE", "/api/v1/namespaces/x/pods", "", false)]
    [InlineData("POST", "/api/v1/namespaces/x/pods/y/eviction", "", false)]
    [InlineData("GET", "/api/v1/pods", "?watch=1", false)]
    [InlineData("GET", "/api/v1/watch/pods", "", false)]
    [InlineData("GET", "/api/v1/namespaces/x/pods/y/log", "", true)]
    [InlineData("POST", "/api/v1/namespaces/x/pods/y/exec", "", true)]
    [InlineData("POST", "/api/v1/namespaces/x/pods/y/attach", "", true)]
    [InlineData("POST", "/api/v1/namespaces/x/pods/y/portforward", "", true)]
    [InlineData("POST", "/api/v1/namespaces/x/services/y/proxy/a/b", "", true)]
    [InlineData("DELETE", "/api/v1/nodes/y/proxy/a", "", true)]
    public async Task WhatThereIsNoSeatForIsTurnedAway(string method, string path, string query, bool isLetIn)
    {
        using var services = Services(OneSeat);
        var gate = services.GetRequiredService<RequestGate>();
        var held = Run(gate, "GET", "/api/v1/nodes", Somebody);

        var (context, running) = Run(gate, method, path, Somebody, query);
        Assert.Equal(isLetIn, !running.IsCompleted);
        if (!isLetIn)
        {
            await running;
            Assert.Equal(429, context.Response.StatusCode);
            Assert.Equal("1", context.Response.Headers.RetryAfter);
            Assert.Equal("text/plain; charset=utf-8", context.Response.ContentType);
            Assert.Equal("", context.Response.Headers["X-Kubernetes-Pf-Flowschema-Uid"]);
            Assert.Equal("Too many requests, please try again later.\n", Text(context));
        }

        Assert.False(Run(gate, method, path, Master, query).Running.IsCompleted);
        _end.SetResult();
        await held.Running;
        var (after, room) = Run(gate, method, path, Somebody, query);
        await room;
        Assert.Equal(200, after.Response.StatusCode);
    }

    /// <summary>Where there are queues, who finds no seat waits a quarter of the request's time.</summary>
    [Theory]
    [InlineData("", 15)]
    [InlineData("?timeout=8s", 2)]
    [InlineData("?watch=1", 15)]
    [InlineData("?watch=1&timeout=4s", 15)]
    public async Task WhoWaitsTooLongIsTurnedAway(string query, double seconds)
    {
        using var services = Services(OneSeat, hasQueues: true);
        var gate = services.GetRequiredService<RequestGate>();
        var held = Run(gate, "GET", "/api/v1/nodes", Somebody);
        var (context, running) = Run(gate, "GET", "/api/v1/nodes", Somebody, query);
        _time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
        Assert.False(running.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await running;
        Assert.Equal(429, context.Response.StatusCode);
        _end.SetResult();
        await held.Running;
        var (after, room) = Run(gate, "GET", "/api/v1/nodes", Somebody);
        await room;
        Assert.Equal(200, after.Response.StatusCode);
        Assert.Equal(0, _time.Timers);
    }

    [Fact]
    public async Task WhoGoesWhileItWaitsLeavesItsPlace()
    {
        using var services = Services(OneSeat, hasQueues: true);
        var gate = services.GetRequiredService<RequestGate>();
        var held = Run(gate, "GET", "/api/v1/nodes", Somebody);
        using var client = new CancellationTokenSource();
        var context = Context("GET", "/api/v1/nodes", "");
        context.RequestAborted = client.Token;
        var running = RunAsync(gate, context, Somebody);
        var (_, next) = Run(gate, "GET", "/api/v1/nodes", Somebody);
        await client.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.False(next.IsCompleted);
        _end.SetResult();
        await Task.WhenAll(held.Running, next);
    }

    [Fact]
    public async Task RoomIsGivenBackAlsoByRequestsThatFail()
    {
        using var services = Services(OneSeat);
        var gate = services.GetRequiredService<RequestGate>();
        for (var i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => gate.RunAsync(
                Context("GET", "/api/v1/nodes", ""), Read("GET", "/api/v1/nodes"), Somebody,
                static (_, _, _) => throw new InvalidOperationException("as a handler might")));
        }
    }

    [Theory]
    [InlineData("", 60)]
    [InlineData("?timeout=5s", 5)]
    [InlineData("?timeout=500ms", 0.5)]
    [InlineData("?timeout=0", 60)]
    [InlineData("?timeout=0s", 60)]
    [InlineData("?timeout=-3s", 60)]
    [InlineData("?timeout=1h30m", 60)]
    [InlineData("?timeout=", 60)]
    [InlineData("?timeout=7s&timeout=x", 7)]
    public async Task ARequestEndsWhenItsTimeIsOver(string query, double seconds)
    {
        using var services = Services(new RequestLimits());
        var gate = services.GetRequiredService<RequestGate>();
        var (context, running) = Run(gate, "POST", "/api/v1/nodes", Somebody, query);
        _time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
        Assert.False(context.RequestAborted.IsCancellationRequested);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        var status = (await Assert.ThrowsAsync<StatusException>(() => running)).Status;
        Assert.Equal(
            (504, "Timeout", "Timeout: request did not complete within the allotted timeout"),
            (status.Code, status.Reason, status.Message));
        Assert.Equal(0, status.Details!.RetryAfterSeconds);
        Assert.False(context.RequestAborted.IsCancellationRequested);
        Assert.Equal(0, _time.Timers);
    }

    [Theory]
    [InlineData("5", "time: missing unit in duration \"5\"")]
    [InlineData("5x", "time: unknown unit \"x\" in duration \"5x\"")]
    [InlineData("abc", "time: invalid duration \"abc\"")]
    [InlineData(".s", "time: invalid duration \".s\"")]
    [InlineData("-", "time: invalid duration \"-\"")]
    [InlineData("1..5s", "time: invalid duration \"1..5s\"")]
    [InlineData("9223372036h9223372036h", "time: invalid duration \"9223372036h9223372036h\"")]
    public void ATimeThatCannotBeReadIsRefused(string timeout, string complaint)
    {
        using var services = Services(new RequestLimits());
        var context = new DefaultHttpContext();
        context.Request.QueryString = new QueryString($"?timeout={timeout}");
        var request = RequestInfoReader.Read("GET", "/api/v1/nodes").Required;

        var refusal = services.GetRequiredService<RequestGate>().Refuse(context.Request, request)!;

        Assert.Equal(400, refusal.Code);
        Assert.Equal($"invalid timeout specified in the request URL - {complaint}", refusal.Message);
    }

    [Theory]
    [InlineData("?watch=1")]
    [InlineData("?watch=1&timeout=5s")]
    public void WhatRunsLongHasNoDeadline(string query)
    {
        using var services = Services(new RequestLimits());
        var (_, running) = Run(services.GetRequiredService<RequestGate>(), "GET", "/api/v1/pods", Somebody, query);
        _time.Advance(TimeSpan.FromHours(2));
        Assert.False(running.IsCompleted);
    }

    [Fact]
    public async Task WorkEndsWhenItsClientGoes()
    {
        using var services = Services(new RequestLimits());
        using var client = new CancellationTokenSource();
        var context = Context("GET", "/api/v1/nodes", "");
        context.RequestAborted = client.Token;
        var running = RunAsync(services.GetRequiredService<RequestGate>(), context, Somebody);
        await client.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    /// <summary>
    /// A client that announces a body and sends a byte of it holds a place until the deadline, no longer.
    /// </summary>
    [Fact]
    public async Task ABodyThatDoesNotComeIsCut()
    {
        using var complaints = new Complaints();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var host = await ProtocolHost.StartAsync(configure: services =>
        {
            services.AddSingleton<TimeProvider>(_time);
            services.AddSingleton<IAuthenticator, EverybodyIsSomebody>();
            services.AddSingleton<IAuthorizer>(new SignallingAuthorizer(begun));
            services.AddSingleton<ILoggerProvider>(complaints);
        });
        using var client = new TcpClient();
        await client.ConnectAsync(host.Http.BaseAddress!.Host, host.Http.BaseAddress.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            "POST /api/v1/namespaces/one/configmaps HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"));
        await begun.Task;
        _time.Advance(new RequestLimits().RequestTimeout);
        using var answer = new StreamReader(client.GetStream());
        Assert.Equal("HTTP/1.1 504 Gateway Timeout", await answer.NextLineAsync());

        // What a client does is nothing that the server has to complain of, not even when it hangs up.
        client.Client.Shutdown(SocketShutdown.Send);
        try
        {
            await answer.ReadToEndAsync(TestContext.Current.CancellationToken);
        }
        catch (IOException)
        {
            // The server may reset a connection on which half a body came; it is over either way.
        }

        Assert.Empty(complaints.Seen);
    }

    private static RequestInfo Read(string method, string path, bool watch = false) =>
        RequestInfoReader.Read(method, path, watch).Required;

    private static DefaultHttpContext Context(string method, string path, string query)
    {
        var context = new DefaultHttpContext();
        (context.Request.Method, context.Request.Path, context.Request.QueryString) =
            (method, path, new QueryString(query));
        context.Response.Body = new MemoryStream();
        return context;
    }

    private static string Text(HttpContext context) =>
        Encoding.UTF8.GetString(((MemoryStream)context.Response.Body).ToArray());

    private (HttpContext Context, Task Running) Run(
        RequestGate gate, string method, string path, UserIdentity user, string query = "")
    {
        var context = Context(method, path, query);
        return (context, RunAsync(gate, context, user));
    }

    private Task RunAsync(RequestGate gate, HttpContext context, UserIdentity user) => gate.RunAsync(
        context,
        Read(context.Request.Method, context.Request.Path!, context.Request.QueryString.Value!.Contains(
            "watch", StringComparison.Ordinal)),
        user,
        (answered, _, _) => _end.Task.WaitAsync(answered.RequestAborted));

    private ServiceProvider Services(RequestLimits limits, bool hasQueues = false)
    {
        var services = new ServiceCollection()
            .AddMetrics()
            .AddSingleton(new ResourceCatalog(BuiltInResources.Table))
            .AddSingleton<ApiMetrics>()
            .AddSingleton<TimeProvider>(_time)
            .AddSingleton(limits)
            .AddFlowControl()
            .AddSingleton<RequestGate>()
            .BuildServiceProvider();
        if (hasQueues)
        {
            services.GetRequiredService<FlowController>().Configure(
                [FlowTexts.Level("here", 5, queues: 4, hand: 2)],
                [FlowTexts.Schema("here", "here", 5, FlowTexts.Everything(FlowTexts.OfUser("jane")))]);
        }

        return services;
    }

    /// <summary>What the web server logs as an error.</summary>
    private sealed class Complaints : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Seen { get; } = new();

        public ILogger CreateLogger(string categoryName) =>
            categoryName.Contains("Kestrel", StringComparison.Ordinal) ? this : NullLogger.Instance;

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                Seen.Enqueue(formatter(state, exception));
            }
        }
    }

    private sealed class EverybodyIsSomebody : IAuthenticator
    {
        public ValueTask<UserIdentity?> AuthenticateAsync(HttpContext context) => new(Somebody);
    }

    private sealed class SignallingAuthorizer(TaskCompletionSource begun) : IAuthorizer
    {
        public ValueTask<AuthorizationDecision> AuthorizeAsync(
            AuthorizationAttributes attributes, CancellationToken cancellationToken)
        {
            begun.TrySetResult();
            return ValueTask.FromResult(AuthorizationDecision.Allow);
        }
    }
}
