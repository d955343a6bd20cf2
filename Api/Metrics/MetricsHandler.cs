using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Metrics;

/// <summary>
/// Answers <c>/metrics</c>, and <c>/metrics/slis</c>, which has what checks of health say and nothing else: it is
/// little enough to be asked for every few seconds.
/// </summary>
/// <param name="collector">Has what was measured.</param>
/// <param name="storeSize">Is looked up first; null where there is none to look up.</param>
public sealed class MetricsHandler(MetricCollector collector, StoreSizeGauge? storeSize = null) : IEndpointHandler
{
    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request)
    {
        switch (request.Path)
        {
            case "/metrics":
                await AnswerAsync(context);
                return true;
            case "/metrics/slis":
                await SendAsync(context, PrometheusWriter.WriteFamilies(Families(ofHealth: true)));
                return true;
            default:
                return false;
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (storeSize is not null)
        {
            await storeSize.RefreshAsync(context.RequestAborted);
        }

        await SendAsync(context, PrometheusWriter.Write(Families(ofHealth: false)));
    }

    private IReadOnlyList<MetricFamily> Families(bool ofHealth) =>
        collector.Collect(i => i.Meter.Name == HealthMetrics.MeterName == ofHealth);

    private static Task SendAsync(HttpContext context, string text)
    {
        context.Response.ContentType = PrometheusWriter.ContentType;
        return context.Response.WriteAsync(text, context.RequestAborted);
    }
}
