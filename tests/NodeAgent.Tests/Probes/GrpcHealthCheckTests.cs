using System.Net;
using System.Net.Sockets;
using System.Text;
using k8s.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Probes;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Probes;

/// <summary>The gRPC probe against servers that answer well, badly, late and not at all; in upstream's words.</summary>
public sealed class GrpcHealthCheckTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(1, true, "service healthy")]
    [InlineData(0, false, "service unhealthy (responded with \"UNKNOWN\")")]
    [InlineData(2, false, "service unhealthy (responded with \"NOT_SERVING\")")]
    [InlineData(3, false, "service unhealthy (responded with \"SERVICE_UNKNOWN\")")]
    public async Task The_answer_decides(byte status, bool healthy, string output)
    {
        await using var server = await HealthServer.StartAsync(context => HealthServer.AnswerAsync(context, status));
        Assert.Equal(
            healthy ? HandlerResult.Success(output) : HandlerResult.Failure(output), await AskAsync(server.Port));
    }

    [Fact]
    public async Task The_service_is_asked_for_and_the_probe_says_who_it_is()
    {
        (string Service, string Agent) asked = default;
        await using var server = await HealthServer.StartAsync(async context =>
        {
            asked = (await HealthServer.ServiceAsync(context), context.Request.Headers.UserAgent.ToString());
            await HealthServer.AnswerAsync(context, 1);
        });
        Assert.True((await AskAsync(server.Port, "orders")).Succeeded);
        Assert.Equal("orders", asked.Service);
        Assert.StartsWith("kube-probe/1.36", asked.Agent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "12",
        "no such method",
        "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): no such method")]
    [InlineData(
        "5", "unknown service", "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service")]
    [InlineData("16", "who", "error: health rpc probe failed: rpc error: code = Unauthenticated desc = who")]
    public async Task Errors_of_the_server_are_told(string status, string message, string output)
    {
        await using var server = await HealthServer.StartAsync(
            context => HealthServer.RefuseAsync(context, status, message));
        Assert.Equal(HandlerResult.Failure(output), await AskAsync(server.Port));
    }

    [Fact]
    public async Task A_server_that_thinks_for_too_long_is_unhealthy()
    {
        await using var server = await HealthServer.StartAsync(
            context => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted));
        Assert.Equal(
            HandlerResult.Failure("timeout: health rpc did not complete within 1s"), await AskAsync(server.Port));
    }

    [Fact]
    public async Task Where_nobody_listens_the_time_is_used_up_and_said()
    {
        var port = FreePort();
        Assert.Equal(
            HandlerResult.Failure(
                $"timeout: failed to connect service \"127.0.0.1:{port}\" within 1s: context deadline exceeded"),
            await AskAsync(port));
    }

    [Fact]
    public async Task A_server_that_comes_up_within_the_time_is_healthy()
    {
        var port = FreePort();
        var asking = AskAsync(port, timeout: TimeSpan.FromSeconds(30));
        await using var server = await HealthServer.StartAsync(context => HealthServer.AnswerAsync(context, 1), port);
        Assert.True((await asking).Succeeded);
    }

    [Fact]
    public async Task Who_speaks_another_protocol_is_unhealthy()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var asking = AskAsync(((IPEndPoint)listener.LocalEndpoint).Port);
        using var client = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        await client.GetStream().WriteAsync(
            "HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.False((await asking).Succeeded);
    }

    private static async Task<HandlerResult> AskAsync(int port, string service = "", TimeSpan? timeout = null)
    {
        using var cri = new CriClient("/nowhere");
        using var runner = new HandlerRunner(cri, TimeProvider.System);
        var target = new HandlerTarget(new V1Container { Name = "c" }, "id", "127.0.0.1");
        var action = new V1GRPCAction { Port = port, Service = service };
        return await runner.GrpcAsync(target, action, timeout ?? Second, TestContext.Current.CancellationToken);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>HTTP/2 without TLS, and by hand the little of gRPC that one answer needs.</summary>
    private sealed class HealthServer : IAsyncDisposable
    {
        private const int PrefixBytes = 5;
        private readonly WebApplication _app;

        private HealthServer(WebApplication app) => _app = app;

        public int Port => new Uri(_app.Urls.First()).Port;

        public static async Task<HealthServer> StartAsync(RequestDelegate serve, int port = 0)
        {
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().ConfigureKestrel(
                kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http2));
            var app = builder.Build();
            app.Run(context =>
            {
                Assert.Equal("/grpc.health.v1.Health/Check", context.Request.Path);
                context.Response.ContentType = "application/grpc";
                return serve(context);
            });
            await app.StartAsync();
            return new HealthServer(app);
        }

        public static async Task AnswerAsync(HttpContext context, byte status)
        {
            await context.Response.Body.WriteAsync(new byte[] { 0, 0, 0, 0, 2, 8, status });
            context.Response.AppendTrailer("grpc-status", "0");
        }

        public static async Task RefuseAsync(HttpContext context, string status, string message)
        {
            await context.Response.StartAsync();
            context.Response.AppendTrailer("grpc-status", status);
            context.Response.AppendTrailer("grpc-message", message);
        }

        public static async Task<string> ServiceAsync(HttpContext context)
        {
            var message = new MemoryStream();
            await context.Request.Body.CopyToAsync(message);
            return Encoding.UTF8.GetString(message.ToArray().AsSpan(PrefixBytes + 2));
        }

        public ValueTask DisposeAsync() => _app.DisposeAsync();
    }
}
