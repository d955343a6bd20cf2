using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Api.Kernel;
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

    private static async Task<(bool Handled, HttpContext Context)> GetAsync(
        string path, string query, params IHealthProbe[] probes)
    {
        var handler = new HealthHandler(probes, new HealthChecker(TimeProvider.System, NullLogger<HealthChecker>.Instance));
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
