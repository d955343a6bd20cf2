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
        metrics.End(request, new RequestEnd(200, TimeSpan.FromMilliseconds(3)) { Bytes = 999 });
        metrics.End(
            request, new RequestEnd(200, TimeSpan.FromMilliseconds(130)) { Waited = TimeSpan.FromMilliseconds(100) });

        var text = await ShowAsync(collector);

        const string Tags = "verb=\"LIST\",group=\"\",version=\"v1\",resource=\"pods\",subresource=\"\"," +
            "scope=\"cluster\",component=\"apiserver\"";
        const string Dry = "dry_run=\"\"";
        foreach (var line in (string[])
            [
                $"apiserver_request_total{{{Tags},{Dry},code=\"200\"}} 2",
                $"apiserver_request_duration_seconds_bucket{{{Tags},{Dry},le=\"0.005\"}} 1",
                $"apiserver_request_duration_seconds_bucket{{{Tags},{Dry},le=\"0.1\"}} 1",
                $"apiserver_request_duration_seconds_bucket{{{Tags},{Dry},le=\"0.2\"}} 2",
                $"apiserver_request_duration_seconds_count{{{Tags},{Dry}}} 2",
                $"apiserver_request_sli_duration_seconds_bucket{{{Tags},le=\"0.05\"}} 2",
                $"apiserver_request_sli_duration_seconds_bucket{{{Tags},le=\"1\"}} 2",
                $"apiserver_request_sli_duration_seconds_bucket{{{Tags},le=\"60\"}} 2",
                $"apiserver_request_sli_duration_seconds_count{{{Tags}}} 2",
                $"apiserver_response_sizes_bucket{{{Tags},le=\"1000\"}} 1",
                $"apiserver_response_sizes_sum{{{Tags}}} 999",
            ])
        {
            Assert.Contains($"{line}\n", text, StringComparison.Ordinal);
        }

        Assert.Contains(
            "apiserver_current_inflight_requests{request_kind=\"readOnly\"} 2\n", text, StringComparison.Ordinal);
        Assert.Single(collector.Collect(), f => f.Instrument.Name == "apiserver_current_inflight_requests");
        Assert.All(
            (string[])
            ["cpu_seconds_total", "open_fds", "resident_memory_bytes", "start_time_seconds", "virtual_memory_bytes"],
            name => Assert.Matches($"(?m)^process_{name} [1-9]|^process_{name} 0\\.\\d*[1-9]", text));

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
            metrics.End(Asked($"g{i}.example.com", "things", ""), Ended(403));
            metrics.End(Asked("", $"things{i}", ""), Ended(404));
            metrics.End(Asked("", "pods", $"part{i}"), Ended(401));
            metrics.Drop("readOnly", Asked("", $"things{i}", ""));
        }

        metrics.End(Asked("", "pods", "status"), Ended(404));
        metrics.End(Asked("other.example.com", "ships", ""), Ended(200));
        var text = await ShowAsync(collector);
        foreach (var (group, resource, subresource, code, count) in ((string, string, string, int, int)[])
            [
                ("", "", "", 401, MetricFamily.MaxSeries + 10), ("", "", "", 403, MetricFamily.MaxSeries + 10),
                ("", "", "", 404, MetricFamily.MaxSeries + 10), ("", "pods", "status", 404, 1),
                ("other.example.com", "ships", "", 200, 1),
            ])
        {
            var (version, scope) = resource.Length == 0 ? ("", "") : ("v1", "cluster");
            Assert.Contains(
                $"apiserver_request_total{{verb=\"GET\",group=\"{group}\",version=\"{version}\","
                + $"resource=\"{resource}\",subresource=\"{subresource}\",scope=\"{scope}\","
                + $"component=\"apiserver\",dry_run=\"\",code=\"{code}\"}} {count}\n",
                text, StringComparison.Ordinal);
        }

        Assert.Equal(5, text.Split("apiserver_request_total{").Length - 1);
        Assert.Equal(1, text.Split("apiserver_request_terminations_total{").Length - 1);
    }

    /// <summary>By method, but for watches, applies and connections; lists of one object are reads of it.</summary>
    [Theory]
    [InlineData("get", "", "web", "GET", "resource")]
    [InlineData("list", "", "", "LIST", "namespace")]
    [InlineData("list", "", "web", "GET", "resource")]
    [InlineData("watch", "", "", "WATCH", "namespace")]
    [InlineData("create", "", "", "POST", "resource")]
    [InlineData("update", "", "web", "PUT", "resource")]
    [InlineData("patch", "", "web", "APPLY", "resource")]
    [InlineData("delete", "", "web", "DELETE", "resource")]
    [InlineData("deletecollection", "", "", "DELETE", "namespace")]
    [InlineData("get", "log", "web", "CONNECT", "resource")]
    [InlineData("create", "exec", "web", "CONNECT", "resource")]
    [InlineData("create", "eviction", "web", "POST", "resource")]
    public async Task VerbsAreThoseOfUpstream(
        string verb, string subresource, string name, string shown, string scope)
    {
        await using var host = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var collector = new MetricCollector(host.GetRequiredService<IMeterFactory>());
        var request = Asked("", "pods", subresource) with { Verb = verb, Namespace = "default", Name = name };

        Metrics(host).End(request, new RequestEnd(200, TimeSpan.Zero, "All") { IsApply = true });

        Assert.Contains(
            $"apiserver_request_total{{verb=\"{shown}\",group=\"\",version=\"v1\",resource=\"pods\","
            + $"subresource=\"{subresource}\",scope=\"{scope}\",component=\"apiserver\",dry_run=\"All\","
            + "code=\"200\"} 1\n",
            await ShowAsync(collector), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatLastsLongIsCountedWhileItLasts()
    {
        await using var host = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var collector = new MetricCollector(host.GetRequiredService<IMeterFactory>());
        var metrics = Metrics(host);
        const string Series = "apiserver_longrunning_requests{verb=\"CONNECT\",group=\"\",version=\"v1\","
            + "resource=\"pods\",subresource=\"exec\",scope=\"cluster\",component=\"apiserver\"} ";
        using (metrics.CountLongRunning(Asked("", "pods", "exec")))
        {
            Assert.Contains($"{Series}1\n", await ShowAsync(collector), StringComparison.Ordinal);
        }

        Assert.Contains($"{Series}0\n", await ShowAsync(collector), StringComparison.Ordinal);
    }

    /// <summary>Once its labels are known, a request is counted without a byte.</summary>
    [Fact]
    public async Task CountingARequestAllocatesNothing()
    {
        await using var host = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var collector = new MetricCollector(host.GetRequiredService<IMeterFactory>());
        var metrics = Metrics(host);
        var request = Asked("", "pods", "");
        var end = Ended(200) with { Bytes = 17 };
        Count(100);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Count(1_000);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 999);

        void Count(int times)
        {
            for (var i = 0; i < times; i++)
            {
                metrics.End(request, end);
            }
        }
    }

    private static RequestEnd Ended(int statusCode) => new(statusCode, TimeSpan.FromMilliseconds(3));

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
