using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Usage;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Metrics;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Usage;

public sealed class HistoryQueryTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 6, 7, 8, 9, TimeSpan.Zero);

    [Theory]
    [InlineData("-6h", 21_600, 300)]
    [InlineData("-15m", 900, 15)]
    [InlineData("-90d", 7_776_000, 86_400)]
    [InlineData("2026-05-06T07:00:00Z", 489, 15)]
    public void TheStepFitsTheSpan(string start, int seconds, int step)
    {
        var query = Read("shop", ("start", start)).Required;
        Assert.Equal((Now - TimeSpan.FromSeconds(seconds), Now), (query.Of.Start, query.Of.End));
        Assert.Equal((step, "shop", HistoryGroup.Pod), ((int)query.Of.Step.TotalSeconds, query.Of.Namespace, query.By));
    }

    [Theory]
    [InlineData("start", "tomorrow")]
    [InlineData("start", "-6x")]
    [InlineData("start", "-99999999d")]
    [InlineData("end", "-2h")]
    [InlineData("step", "17s")]
    [InlineData("step", "1")]
    [InlineData("by", "7")]
    [InlineData("by", "colour")]
    [InlineData("topBy", "colour")]
    public void WhatMakesNoSenseIsToldSo(string name, string value)
    {
        var query = name == "start" ? Read("shop", (name, value)) : Read("shop", ("start", "-1h"), (name, value));
        Assert.Equal(400, query.Error!.Code);
    }

    [Fact]
    public void APodIsWhatItsContainersAreAndItsNetwork()
    {
        var page = new UsageHistoryPage(
            Now, TimeSpan.FromMinutes(1), 2,
            [
                Series("shop", "web", "", [9, 9], [5, null]), Series("shop", "web", "a", [1, 2], [7, 7]),
                Series("shop", "web", "b", [3, null], [7, 7]), Series("shop", "api", "a", [1, 1], [null, null]),
            ],
            false);
        var pods = HistoryGroups.Make(page, Read("shop", ("start", "-1h"), ("top", "1")).Required);
        var web = Assert.Single(pods);
        Assert.Equal([4L, 2L], web[UsageMetric.Cpu]);
        Assert.Equal([5L, null], web[UsageMetric.NetworkReceived]);
        var all = HistoryGroups.Make(page, Read("shop", ("start", "-1h"), ("by", "namespace")).Required);
        Assert.Equal([5L, 3L], Assert.Single(all)[UsageMetric.Cpu]);
    }

    private static UsageSeries Series(string home, string name, string container, long?[] cpu, long?[] received)
    {
        var series = UsageSeries.Empty(home, name, container, cpu.Length);
        series.Values[(int)UsageMetric.Cpu] = cpu;
        series.Values[(int)UsageMetric.NetworkReceived] = received;
        return series;
    }

    private static Outcome<HistoryQuery> Read(string home, params (string Name, string Value)[] query) =>
        HistoryQuery.Read(
        new QueryCollection(query.ToDictionary(static q => q.Name, static q => new StringValues(q.Value))),
        new RequestInfo { Path = "/", Verb = "list", Namespace = home },
        ofNodes: false,
        Now);
}
