using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Metrics;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Metrics;

public sealed class PrometheusTests
{
    [Fact]
    public async Task RequestsAreCountedAndTimed()
    {
        await using var host = new ServiceCollection().AddMetrics().BuildServiceProvider();
        await using var other = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var othersMetrics = Metrics(other);
        using var collector = new MetricCollector(host.GetRequiredService<IMeterFactory>());
        var metrics = Metrics(host);
        othersMetrics.ObserveRequests(() => [Reads(7)], () => []); // of another host in this process: not ours to show
        metrics.ObserveRequests(() => [Reads(2)], () => []);
        var request = new RequestInfo { Path = "/api/v1/pods", Verb = "list", IsResourceRequest = true, Resource = "pods", Version = "v1" };
        metrics.End(request, 200, TimeSpan.FromMilliseconds(3));
        metrics.End(request, 200, TimeSpan.FromMilliseconds(30));

        var text = await ShowAsync(collector);

        const string Tags = "verb=\"LIST\",group=\"\",version=\"v1\",resource=\"pods\",subresource=\"\"," +
            "scope=\"cluster\",component=\"apiserver\"";
        Assert.Contains($"apiserver_request_total{{{Tags},code=\"200\"}} 2\n", text, StringComparison.Ordinal);
        Assert.Contains(
            $"apiserver_request_duration_seconds_bucket{{{Tags},le=\"0.005\"}} 1\n", text, StringComparison.Ordinal);
        Assert.Contains($"apiserver_request_duration_seconds_count{{{Tags}}} 2\n", text, StringComparison.Ordinal);
        Assert.Contains(
            "apiserver_current_inflight_requests{request_kind=\"readOnly\"} 2\n", text, StringComparison.Ordinal);
        Assert.Single(collector.Collect(), f => f.Instrument.Name == "apiserver_current_inflight_requests");
        Assert.Contains("process_resident_memory_bytes ", text, StringComparison.Ordinal);

        static Measurement<int> Reads(int count) =>
            new(count, new KeyValuePair<string, object?>("request_kind", "readOnly"));
    }

    /// <summary>Series are bounded, and whoever has no rights at all must not use them up.</summary>
    [Fact]
    public async Task What_nobody_serves_is_counted_without_its_name()
    {
        await using var host = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var collector = new MetricCollector(host.GetRequiredService<IMeterFactory>());
        var metrics = Metrics(host);
        for (var i = 0; i < MetricFamily.MaxSeries + 10; i++)
        {
            metrics.End(Asked($"g{i}.example.com", "things", ""), 403, TimeSpan.FromMilliseconds(3));
            metrics.End(Asked("", $"things{i}", ""), 404, TimeSpan.FromMilliseconds(3));
            metrics.End(Asked("", "pods", $"part{i}"), 401, TimeSpan.FromMilliseconds(3));
            metrics.Drop("readOnly", Asked("", $"things{i}", ""));
        }

        metrics.End(Asked("", "pods", "log"), 404, TimeSpan.FromMilliseconds(3));
        metrics.End(Asked("other.example.com", "ships", ""), 200, TimeSpan.FromMilliseconds(3));
        var text = await ShowAsync(collector);
        foreach (var (group, resource, subresource, code, count) in ((string, string, string, int, int)[])
            [
                ("", "", "", 401, MetricFamily.MaxSeries + 10), ("", "", "", 403, MetricFamily.MaxSeries + 10),
                ("", "", "", 404, MetricFamily.MaxSeries + 10), ("", "pods", "log", 404, 1),
                ("other.example.com", "ships", "", 200, 1),
            ])
        {
            var (version, scope) = resource.Length == 0 ? ("", "") : ("v1", "cluster");
            Assert.Contains(
                $"apiserver_request_total{{verb=\"GET\",group=\"{group}\",version=\"{version}\","
                + $"resource=\"{resource}\",subresource=\"{subresource}\",scope=\"{scope}\","
                + $"component=\"apiserver\",code=\"{code}\"}} {count}\n",
                text, StringComparison.Ordinal);
        }

        Assert.Equal(5, text.Split("apiserver_request_total{").Length - 1);
        Assert.Equal(1, text.Split("apiserver_request_terminations_total{").Length - 1);
    }

    private static ApiMetrics Metrics(IServiceProvider host) =>
        new(host.GetRequiredService<IMeterFactory>(), new ResourceCatalog(BuiltInResources.Table));

    private static RequestInfo Asked(string group, string resource, string subresource) => new()
    {
        Path = "/x", Verb = "get", IsResourceRequest = true, Group = group, Version = "v1", Resource = resource,
        Subresource = subresource,
    };

    private static async Task<string> ShowAsync(MetricCollector collector)
    {
        var context = new DefaultHttpContext();
        context.Response.Body = new MemoryStream();
        await new MetricsHandler(collector).TryHandleAsync(
            context, new RequestInfo { Path = "/metrics", Verb = "get" });
        return System.Text.Encoding.UTF8.GetString(((MemoryStream)context.Response.Body).ToArray());
    }
}
