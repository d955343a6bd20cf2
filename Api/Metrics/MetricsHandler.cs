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

/// <summary>Counts and times requests.</summary>
public static class RequestMetrics
{
    /// <summary>Goes before everything that answers.</summary>
    public static IApplicationBuilder UseRequestMetrics(this IApplicationBuilder app)
    {
        // The collector hears only what is measured after its construction.
        app.ApplicationServices.GetRequiredService<MetricCollector>();
        var metrics = app.ApplicationServices.GetRequiredService<ApiMetrics>();
        var clock = app.ApplicationServices.GetRequiredService<TimeProvider>();
        return app.Use(next => async context =>
        {
            var started = clock.GetTimestamp();
            try
            {
                await next(context);
            }
            finally
            {
                metrics.End(
                    context.Features.Get<RequestInfo>(), context.Response.StatusCode, clock.GetElapsedTime(started));
            }
        });
    }
}
