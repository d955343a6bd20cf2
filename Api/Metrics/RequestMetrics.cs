using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Metrics;

/// <summary>Counts and times requests.</summary>
public static class RequestMetrics
{
    private const string ApplyType = "application/apply-patch+";

    /// <summary>Goes before everything that answers.</summary>
    public static IApplicationBuilder UseRequestMetrics(this IApplicationBuilder app)
    {
        // The collector hears only what is measured after its construction.
        app.ApplicationServices.GetRequiredService<MetricCollector>();
        app.ApplicationServices.GetRequiredService<TlsHandshakeErrors>();
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
                metrics.End(context.Features.Get<RequestInfo>(), EndOf(context, clock.GetElapsedTime(started)));
            }
        });
    }

    private static RequestEnd EndOf(HttpContext context, TimeSpan elapsed) =>
        new(context.Response.StatusCode, elapsed, DryRunOf(context.Request))
        {
            Waited = context.Features.Get<RequestWaits>()?.Total ?? TimeSpan.Zero,
            IsApply = context.Request.ContentType?.StartsWith(ApplyType, StringComparison.Ordinal) == true,
            Bytes = context.Response.ContentLength,
        };

    private static string DryRunOf(HttpRequest request)
    {
        if (!request.QueryString.HasValue)
        {
            return "";
        }

        var values = new QueryReader(request.Query).All("dryRun");
        return values.Count == 0 ? "" : values.All(static v => v == "All") ? "All" : "invalid";
    }
}
