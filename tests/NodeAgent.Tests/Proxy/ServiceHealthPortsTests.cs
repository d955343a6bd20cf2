using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Proxy;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Proxy;

public sealed class ServiceHealthPortsTests : IAsyncDisposable
{
    private static readonly (string, string) Web = ("shop", "web");

    private readonly ManualTime _time = new();
    private readonly ProxyHealth _health;
    private readonly ServiceHealthPorts _ports;
    private readonly HttpClient _http = new();

    public ServiceHealthPortsTests()
    {
        _health = new ProxyHealth(_time);
        _ports = new ServiceHealthPorts(_health, NullLoggerFactory.Instance, NullLogger<ServiceHealthPorts>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _ports.DisposeAsync();
    }

    [Fact]
    public async Task A_load_balancer_hears_whether_the_node_has_endpoints()
    {
        var port = FreePort();
        await _ports.SetAsync(Web, port, 2, CancellationToken.None);
        Assert.Equal(
            (HttpStatusCode.OK, "2", "{\n\t\"service\": {\n\t\t\"namespace\": \"shop\",\n\t\t\"name\": \"web\"\n\t},\n\t\"localEndpoints\": 2,\n\t\"serviceProxyHealthy\": true\n}"),
            await AskAsync(port));

        await _ports.SetAsync(Web, port, 0, CancellationToken.None);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await AskAsync(port)).Status);

        await _ports.SetAsync(Web, port, 1, CancellationToken.None);
        _health.Queued();
        _time.Now += TimeSpan.FromMinutes(2);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await AskAsync(port)).Status);
        _health.Updated();
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(port)).Status);

        var other = FreePort();
        await _ports.SetAsync(Web, other, 1, CancellationToken.None);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(other)).Status);
        await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(port));
        await _ports.SetAsync(Web, 0, 1, CancellationToken.None);
        await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(other));
    }

    [Fact]
    public async Task A_port_that_somebody_else_has_is_tried_again()
    {
        using (var taken = new TcpListener(IPAddress.Any, 0))
        {
            taken.Start();
            var port = ((IPEndPoint)taken.LocalEndpoint).Port;
            await _ports.SetAsync(Web, port, 1, CancellationToken.None);
            taken.Stop();
            await _ports.SetAsync(Web, port, 1, CancellationToken.None);
            Assert.Equal(HttpStatusCode.OK, (await AskAsync(port)).Status);
        }
    }

    [Fact]
    public void The_proxy_is_unhealthy_when_a_change_waits_too_long_or_the_node_goes()
    {
        _time.Now = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        const string Now = "2026-01-02 03:04:05.0000000 +0000 UTC";
        Assert.Equal((true, $$"""{"lastUpdated": "{{Now}}","currentTime": "{{Now}}", "nodeEligible": true}"""), _health.Answer(withNode: true));
        _health.Updated();
        _health.IsNodeEligible = false;
        Assert.False(_health.Answer(withNode: true).Ok);
        Assert.Equal(
            (true, $$"""{"lastUpdated": "{{Now}}","currentTime": "{{Now}}"}"""), _health.Answer(withNode: false));
        _health.Queued();
        _time.Now += TimeSpan.FromSeconds(59);
        _health.Queued();
        Assert.True(_health.IsHealthy);
        _time.Now += TimeSpan.FromSeconds(1);
        Assert.Equal((false, $$"""{"lastUpdated": "{{Now}}","currentTime": "2026-01-02 03:05:05.0000000 +0000 UTC"}"""), _health.Answer(withNode: false));
        _health.Updated();
        Assert.True(_health.IsHealthy);
    }

    private async Task<(HttpStatusCode Status, string Weight, string Body)> AskAsync(int port)
    {
        using var answer = await _http.GetAsync(new Uri($"http://127.0.0.1:{port}/"));
        return (answer.StatusCode, string.Join(',', answer.Headers.GetValues("X-Load-Balancing-Endpoint-Weight")),
            await answer.Content.ReadAsStringAsync());
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
