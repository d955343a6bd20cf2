using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Metrics;

/// <summary>Answers <c>/metrics</c>.</summary>
public sealed class MetricsHandler(MetricCollector collector) : IEndpointHandler
{
    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request)
    {
        if (request.Path != "/metrics")
        {
            return false;
        }

        context.Response.ContentType = PrometheusWriter.ContentType;
        await context.Response.WriteAsync(PrometheusWriter.Write(collector.Collect()), context.RequestAborted);
        return true;
    }
}
