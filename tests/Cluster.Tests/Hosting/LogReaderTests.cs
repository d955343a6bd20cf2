using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Silo.Commands;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>What <c>orc logs</c> makes of answers that end otherwise than they should.</summary>
public sealed class LogReaderTests : IAsyncLifetime
{
    private const string Line =
        """{"type":"ADDED","object":{"time":"2026-01-01T00:00:00Z","text":"a line"}}""" + "\n";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-log-reader-");
    private readonly WebApplication _api;
    private Func<HttpContext, Task> _answer = static _ => Task.CompletedTask;

    public LogReaderTests()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _api = builder.Build();
        _api.Run(context => _answer(context));
    }

    private string Kubeconfig => Path.Combine(_directory.FullName, "config");

    public async ValueTask InitializeAsync()
    {
        await _api.StartAsync(TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            Kubeconfig,
            $$$"""
            apiVersion: v1
            kind: Config
            clusters:
            - {name: c, cluster: {server: "{{{_api.Urls.First()}}}"}}
            users:
            - {name: u, user: {token: t}}
            contexts:
            - {name: x, context: {cluster: c, user: u}}
            current-context: x
            """,
            TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _api.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    [Theory]
    [InlineData(
        """{"type":"ERROR","object":{"kind":"Status","message":"the store is away","code":503}}""",
        "orc: The cluster tells no more lines: the store is away")]
    [InlineData("", "orc: The cluster tells no more lines: the connection has ended.")]
    public async Task A_stream_that_ends_says_why_and_is_no_success(string last, string expected)
    {
        _answer = context => context.Response.WriteAsync(Line + last);
        Assert.Equal((1, expected), await RunAsync("--follow"));
    }

    [Fact]
    public async Task Times_are_asked_for_as_they_are_written()
    {
        var asked = "";
        _answer = context =>
        {
            asked = context.Request.QueryString.Value!;
            return context.Response.WriteAsync("""{"items":[],"metadata":{}}""");
        };
        Assert.Equal((0, ""), await RunAsync("--since", "3h", "--until", "1.5s"));
        Assert.Contains("sinceSeconds=10800&untilSeconds=2&", asked, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--since", "0s")]
    [InlineData("--until", "-1m")]
    [InlineData("--until", "yesterday")]
    public async Task What_is_no_time_is_told_by_its_option(string option, string text) => Assert.Equal(
        (1, $"orc: {option} is no time above 0, such as 15m or 1h: '{text}'."), await RunAsync($"{option}={text}"));

    [Fact]
    public async Task What_is_to_come_is_not_older_than_an_end() => Assert.Equal(
        (1, "orc: --until and --follow: what comes is newer."), await RunAsync("--follow", "--until", "5m"));

    [Fact]
    public async Task A_connection_that_breaks_is_no_success()
    {
        _answer = async context =>
        {
            await context.Response.WriteAsync(Line);
            await context.Response.Body.FlushAsync();
            context.Abort();
        };
        var (code, errors) = await RunAsync("--follow");
        Assert.Equal(1, code);
        Assert.StartsWith("orc: ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_that_fails_after_another_is_no_success()
    {
        var pages = 0;
        _answer = context =>
        {
            if (++pages == 1)
            {
                return context.Response.WriteAsync("""{"items":[],"metadata":{"continue":"1.1.1"}}""");
            }

            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return context.Response.WriteAsync("""{"kind":"Status","message":"the store is away"}""");
        };
        Assert.Equal((1, "orc: The cluster refuses: the store is away"), await RunAsync("--limit", "0"));
    }

    private async Task<(int Code, string Errors)> RunAsync(params string[] arguments)
    {
        using var errors = new StringWriter();
        var code = await OrcCommandLine.RunAsync(["logs", .. arguments, "--kubeconfig", Kubeconfig], errors);
        return (code, errors.ToString().TrimEnd());
    }
}
