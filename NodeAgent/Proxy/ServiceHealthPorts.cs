using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>
/// The health check node ports of Services with the external policy Local: a load balancer asks there whether this node
/// has endpoints of the Service. One small server a port; a port that cannot be had is tried again with the next
/// change.
/// </summary>
public sealed partial class ServiceHealthPorts(
    ProxyHealth health, ILoggerFactory loggers, ILogger<ServiceHealthPorts> logger) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<(string Namespace, string Name), HealthPort> _ports = new();

    private sealed class HealthPort
    {
        public required int Number { get; init; }

        public required IAsyncDisposable Server { get; init; }

        public int LocalEndpoints { get; set; }
    }

    /// <summary>Opens, closes or updates the port of one Service; 0 when it has none. Calls come one at a
    /// time.</summary>
    public async Task SetAsync(
        (string Namespace, string Name) service, int port, int localEndpoints, CancellationToken cancellationToken)
    {
        if (_ports.TryGetValue(service, out var open) && open.Number != port)
        {
            _ports.TryRemove(service, out _);
            await open.Server.DisposeAsync();
            open = null;
        }

        if (open is not null)
        {
            open.LocalEndpoints = localEndpoints;
        }
        else if (port > 0)
        {
            await OpenAsync(service, port, localEndpoints, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var port in _ports.Values)
        {
            await port.Server.DisposeAsync();
        }
    }

    /// <summary>A server for plain HTTP on all addresses that answers everything alike.</summary>
    public static async Task<IAsyncDisposable> ListenAsync(
        int port, ILoggerFactory loggers, RequestDelegate answer, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.ListenAnyIP(port, listen => listen.Protocols = HttpProtocols.Http1);
        });
        var app = builder.Build();
        app.Run(answer);
        try
        {
            await app.StartAsync(cancellationToken);
            return app;
        }
        catch (IOException)
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Writes an answer as upstream's health servers do.</summary>
    public static Task WriteAsync(HttpContext context, bool isOk, string body)
    {
        context.Response.StatusCode = isOk ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "application/json";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return context.Response.WriteAsync(body);
    }

    private async Task OpenAsync(
        (string Namespace, string Name) service, int port, int localEndpoints, CancellationToken cancellationToken)
    {
        try
        {
            var server = await ListenAsync(port, loggers, context => AnswerAsync(context, service), cancellationToken);
            _ports[service] = new HealthPort { Number = port, Server = server, LocalEndpoints = localEndpoints };
        }
        catch (IOException failure)
        {
            LogNoPort(port, service.Namespace, service.Name, failure.Message);
        }
    }

    private Task AnswerAsync(HttpContext context, (string Namespace, string Name) service)
    {
        var count = _ports.TryGetValue(service, out var port) ? port.LocalEndpoints : 0;
        var isHealthy = health.IsHealthy;
        context.Response.Headers["X-Load-Balancing-Endpoint-Weight"] = count.ToString(CultureInfo.InvariantCulture);
        var body = string.Create(CultureInfo.InvariantCulture, $$"""
            {
            	"service": {
            		"namespace": "{{service.Namespace}}",
            		"name": "{{service.Name}}"
            	},
            	"localEndpoints": {{count}},
            	"serviceProxyHealthy": {{(isHealthy ? "true" : "false")}}
            }
            """);
        return WriteAsync(context, count > 0 && isHealthy, body);
    }

    [LoggerMessage(
        1, LogLevel.Error, "The health check port {Port} of Service {Namespace}/{Name} could not be opened: {Problem}")]
    private partial void LogNoPort(int port, string @namespace, string name, string problem);
}
