namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>
/// kube-proxy's health port: <c>/healthz</c> for load balancers (also false when the node is to go), <c>/livez</c> for
/// those that watch over the proxy.
/// </summary>
public sealed partial class ProxyHealthServer(
    NodeAgentOptions options, ProxyHealth health, TimeProvider time, ILoggerFactory loggers,
    ILogger<ProxyHealthServer> logger) : BackgroundService
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (options.ProxyHealthPort > 0 && !stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var server =
                    await ServiceHealthPorts.ListenAsync(options.ProxyHealthPort, loggers, AnswerAsync, stoppingToken);
                await Task.Delay(Timeout.InfiniteTimeSpan, time, stoppingToken).ConfigureAwait(
                    ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (IOException failure)
            {
                LogNoPort(options.ProxyHealthPort, failure.Message);
                await Task.Delay(RetryAfter, time, stoppingToken).ConfigureAwait(
                    ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Path.Value is not ("/healthz" or "/livez"))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        var (isOk, body) = health.Answer(withNode: context.Request.Path == "/healthz");
        return ServiceHealthPorts.WriteAsync(context, isOk, body);
    }

    [LoggerMessage(1, LogLevel.Warning, "The proxy's health port {Port} could not be opened; trying again: {Problem}")]
    private partial void LogNoPort(int port, string problem);
}
