using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Metrics;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Health;

public sealed class HealthHandlerTests
{
    private static readonly HealthProbe Broken = new("store", HealthScope.Ready, _ => new ValueTask<string?>("down"));
    private static readonly HealthProbe Throwing =
        new("journal", HealthScope.Live, _ => throw new TimeoutException("late"));

    [Theory]
    [InlineData("/livez", "", 200, "ok")]
    [InlineData("/livez/ping", "", 200, "ok")]
    [InlineData("/livez", "?exclude=zzz", 200, "ok")]
    [InlineData("/healthz", "?verbose", 200, "[+]ping ok\nhealthz check passed\n")]
    [InlineData("/readyz", "?verbose&exclude=ping", 200, "[+]ping excluded: ok\n[+]shutdown ok\nreadyz check passed\n")]
    public async Task AnswersWhenWell(string path, string query, int status, string text)
    {
        var (handled, context) = await GetAsync(path, query);
        Assert.True(handled);
        Assert.Equal(status, context.Response.StatusCode);
        Assert.Equal(text, Text(context));
        Assert.Equal("text/plain; charset=utf-8", context.Response.ContentType);
    }

    [Fact]
    public async Task AFailureIsToldWithoutItsReason()
    {
        var (_, context) = await GetAsync("/readyz", "", Broken);
        Assert.Equal(500, context.Response.StatusCode);
        Assert.Equal(
            "[+]ping ok\n[-]store failed: reason withheld\n[+]shutdown ok\nreadyz check failed\n", Text(context));
    }

    [Fact]
    public async Task AnExcludedFailureDoesNotCount()
    {
        var (_, context) = await GetAsync("/readyz", "?exclude=store", Broken);
        Assert.Equal(200, context.Response.StatusCode);
    }

    [Fact]
    public async Task AThrowingProbeHasFailed()
    {
        var (_, context) = await GetAsync("/livez/journal", "", Throwing);
        Assert.Equal(500, context.Response.StatusCode);
    }

    [Theory]
    [InlineData("/livez/nope")]
    [InlineData("/livezz")]
    [InlineData("/version")]
    public async Task OtherPathsAreNotItsOwn(string path) => Assert.False((await GetAsync(path, "")).Handled);

    /// <summary>What an endpoint finds when all of it is asked for counts; what was excluded or asked alone does not.
    /// </summary>
    [Fact]
    public async Task What_checks_say_is_counted()
    {
        await using var host = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = host.GetRequiredService<IMeterFactory>();
        using var collector = new MetricCollector(meters);
        var health = new HealthMetrics(meters);
        var isDown = true;
        var store = new HealthProbe(
            "store", HealthScope.Ready, _ => new ValueTask<string?>(isDown ? "down" : null));
        await GetAsync(health, "/readyz", "", store);
        await GetAsync(health, "/readyz/store", "", store);
        await GetAsync(health, "/livez", "", store);
        isDown = false;
        await GetAsync(health, "/readyz", "", store);
        await GetAsync(health, "/readyz", "?exclude=ping", store);

        var (text, others) = (await ShowAsync(collector, "/metrics/slis"), await ShowAsync(collector, "/metrics"));
        foreach (var line in (string[])
            [
                "kubernetes_healthcheck{name=\"store\",type=\"readyz\"} 1",
                "kubernetes_healthcheck{name=\"ping\",type=\"livez\"} 1",
                "kubernetes_healthchecks_total{name=\"store\",status=\"error\",type=\"readyz\"} 1",
                "kubernetes_healthchecks_total{name=\"store\",status=\"success\",type=\"readyz\"} 2",
                "kubernetes_healthchecks_total{name=\"ping\",status=\"success\",type=\"readyz\"} 2",
                "kubernetes_healthchecks_total{name=\"ping\",status=\"success\",type=\"livez\"} 1",
            ])
        {
            Assert.Contains($"{line}\n", text, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("name=\"store\",type=\"livez\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("process_", text, StringComparison.Ordinal);
        Assert.DoesNotContain("kubernetes_healthcheck", others, StringComparison.Ordinal);
        Assert.Contains("process_threads", others, StringComparison.Ordinal);
    }

    /// <summary>It is asked for every few seconds: what is dear to look up is not looked up for it.</summary>
    [Fact]
    public async Task Nothing_is_observed_for_what_checks_said()
    {
        await using var host = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = host.GetRequiredService<IMeterFactory>();
        using var collector = new MetricCollector(meters);
        var looks = 0;
        using var meter = meters.Create("OrleansOrchestrator.Dear");
        meter.CreateObservableGauge("dear", () => ++looks);
        await ShowAsync(collector, "/metrics/slis");
        Assert.Equal(0, looks);
        Assert.Contains("dear 1\n", await ShowAsync(collector, "/metrics"), StringComparison.Ordinal);
    }

    private static async Task<string> ShowAsync(MetricCollector collector, string path)
    {
        var context = new DefaultHttpContext();
        context.Response.Body = new MemoryStream();
        Assert.True(await new MetricsHandler(collector).TryHandleAsync(
            context, new RequestInfo { Path = path, Verb = "get" }));
        return Text(context);
    }

    private static async Task<(bool Handled, HttpContext Context)> GetAsync(
        string path, string query, params IHealthProbe[] probes)
    {
        await using var host = new ServiceCollection().AddMetrics().BuildServiceProvider();
        return await GetAsync(new HealthMetrics(host.GetRequiredService<IMeterFactory>()), path, query, probes);
    }

    private static async Task<(bool Handled, HttpContext Context)> GetAsync(
        HealthMetrics metrics, string path, string query, params IHealthProbe[] probes)
    {
        var handler = new HealthHandler(
            probes, new HealthChecker(TimeProvider.System, NullLogger<HealthChecker>.Instance), metrics);
        var context = new DefaultHttpContext();
        context.Request.Method = "GET";
        context.Request.Path = path;
        context.Request.QueryString = new QueryString(query);
        context.Response.Body = new MemoryStream();
        var handled = await handler.TryHandleAsync(context, new RequestInfo { Path = path, Verb = "get" });
        return (handled, context);
    }

    private static string Text(HttpContext context) =>
        Encoding.UTF8.GetString(((MemoryStream)context.Response.Body).ToArray());
}
