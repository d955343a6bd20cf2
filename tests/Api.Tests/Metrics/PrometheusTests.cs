using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Metrics;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Metrics;

public sealed class PrometheusTests
{
    [Fact]
    public async Task RequestsAreCountedAndTimed()
    {
        await using var host = new ServiceCollection().AddMetrics().BuildServiceProvider();
        await using var other = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var othersMetrics = new ApiMetrics(other.GetRequiredService<IMeterFactory>());
        using var collector = new MetricCollector(host.GetRequiredService<IMeterFactory>());
        var metrics = new ApiMetrics(host.GetRequiredService<IMeterFactory>());
        othersMetrics.ObserveInFlight("readOnly", () => 7); // of another host in this process: not ours to show
        metrics.ObserveInFlight("readOnly", () => 2);
        var request = new RequestInfo { Path = "/api/v1/pods", Verb = "list", IsResourceRequest = true, Resource = "pods", Version = "v1" };
        metrics.End(request, 200, TimeSpan.FromMilliseconds(3));
        metrics.End(request, 200, TimeSpan.FromMilliseconds(30));

        var context = new DefaultHttpContext();
        context.Response.Body = new MemoryStream();
        await new MetricsHandler(collector).TryHandleAsync(
            context, new RequestInfo { Path = "/metrics", Verb = "get" });
        var text = System.Text.Encoding.UTF8.GetString(((MemoryStream)context.Response.Body).ToArray());

        const string Tags = "verb=\"LIST\",group=\"\",resource=\"pods\",subresource=\"\"";
        Assert.Contains($"apiserver_request_total{{{Tags},code=\"200\"}} 2\n", text, StringComparison.Ordinal);
        Assert.Contains(
            $"apiserver_request_duration_seconds_bucket{{{Tags},le=\"0.005\"}} 1\n", text, StringComparison.Ordinal);
        Assert.Contains($"apiserver_request_duration_seconds_count{{{Tags}}} 2\n", text, StringComparison.Ordinal);
        Assert.Contains(
            "apiserver_current_inflight_requests{request_kind=\"readOnly\"} 2\n", text, StringComparison.Ordinal);
        Assert.Single(collector.Collect(), f => f.Instrument.Name == "apiserver_current_inflight_requests");
        Assert.Contains("process_resident_memory_bytes ", text, StringComparison.Ordinal);
    }
}
