using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Logs;
using OrleansOrchestrator.Logs.Lines;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Logs;

/// <summary>What a request for lines asks, by its parameters.</summary>
public sealed class LogLinesQueryTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("", null, null)]
    [InlineData("?sinceSeconds=3600", "2026-03-01T11:00:00Z", null)]
    [InlineData("?untilSeconds=60", null, "2026-03-01T11:59:00Z")]
    [InlineData("?sinceSeconds=7200&untilSeconds=3600", "2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z")]
    [InlineData("?untilSeconds=-5", null, "2026-03-01T12:00:00Z")]
    [InlineData(
        "?sinceTime=2026-02-28T00:00:00Z&untilTime=2026-02-28T01:00:00Z", "2026-02-28T00:00:00Z",
        "2026-02-28T01:00:00Z")]
    [InlineData(
        "?sinceSeconds=1&sinceTime=2026-02-28T00:00:00Z&untilSeconds=1&untilTime=2026-02-28T01:00:00Z",
        "2026-02-28T00:00:00Z", "2026-02-28T01:00:00Z")]
    public void Times_bound_the_lines(string parameters, string? from, string? to)
    {
        var query = Read(parameters).Value!.Query;

        Assert.Equal((from is null ? long.MinValue : Nanos(from), to is null ? long.MaxValue : Nanos(to)),
            (query.From, query.To));
    }

    [Theory]
    [InlineData("?untilTime=noon", "untilTime: no RFC 3339 time: \"noon\"")]
    [InlineData("?sinceTime=noon", "sinceTime: no RFC 3339 time: \"noon\"")]
    public void What_is_no_time_is_refused(string parameters, string message) =>
        Assert.Equal(message, Read(parameters).Error!.Message);

    [Fact]
    public void What_is_no_number_is_refused() => Assert.False(Read("?untilSeconds=soon").Succeeded);

    private static Interfaces.Kernel.Outcome<LogLinesQuery> Read(string parameters)
    {
        var context = new DefaultHttpContext();
        context.Request.QueryString = new QueryString(parameters);
        return LogLinesQuery.Read(context, new RequestInfo { Path = "/", Verb = "list", Namespace = "a" }, Now);
    }

    private static long Nanos(string time)
    {
        Assert.True(LogTime.TryParse(time, out var nanos));
        return nanos;
    }
}
