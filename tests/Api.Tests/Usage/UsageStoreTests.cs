using System.Globalization;
using OrleansOrchestrator.Api.Usage;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Metrics;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Usage;

public sealed class UsageStoreTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 0, TimeSpan.Zero);
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(15);

    private readonly UsageStore _store = new(new ManualTime());

    [Fact]
    public void A_rate_needs_two_points()
    {
        Assert.False(_store.IsAvailable);
        Take(0, cpu: 10, memory: 4096);
        Assert.True(_store.IsAvailable);
        Assert.Null(Find());

        Take(20, cpu: 15, memory: 8192);
        var usage = Find()!;
        Assert.Equal((Start.AddSeconds(20), TimeSpan.FromSeconds(20)), (usage.Time, usage.Window));
        Assert.Equal(new ResourceUsage(250_000_000, 8192), usage.Total);
    }

    [Fact]
    public void The_same_point_again_changes_nothing()
    {
        Take(0, cpu: 10, memory: 1);
        Take(10, cpu: 15, memory: 1);
        Take(10, cpu: 15, memory: 1);
        Assert.Equal(500_000_000, Find()!.Total.CpuNanocores);
    }

    [Fact]
    public void A_young_container_is_compared_to_its_start()
    {
        Take(0, cpu: 6, memory: 1, startedAgo: 12);
        Assert.Equal(500_000_000, Find()!.Total.CpuNanocores);
        Take(0, cpu: 6, memory: 1, startedAgo: 12);
        Assert.Equal(TimeSpan.FromSeconds(12), Find()!.Window);
    }

    [Fact]
    public void A_container_that_began_anew_has_no_rate_yet()
    {
        Take(0, cpu: 100, memory: 1);
        Take(15, cpu: 1, memory: 1, startedAgo: 5);
        Assert.Null(Find());
    }

    [Fact]
    public void Who_answers_no_more_is_forgotten()
    {
        Take(0, cpu: 1, memory: 1);
        Take(15, cpu: 2, memory: 1);
        _store.Take(Round([]), Period);
        Assert.Null(Find());
        Assert.False(_store.IsAvailable);
    }

    private PodUsage? Find() =>
        _store.Find(new ResourceObject(new ObjectKey("default", "web"), "u", 1, "{\"metadata\":{}}"u8.ToArray()));

    private void Take(int second, double cpu, long memory, int? startedAgo = null)
    {
        var time = Start.AddSeconds(second);
        const string labels = "{container=\"c\",namespace=\"default\",pod=\"web\"}";
        var text = string.Create(CultureInfo.InvariantCulture, $"""
            # TYPE node_cpu_usage_seconds_total counter
            node_cpu_usage_seconds_total {cpu} {time.ToUnixTimeMilliseconds()}
            node_memory_working_set_bytes {memory}
            container_cpu_usage_seconds_total{labels} {cpu} {time.ToUnixTimeMilliseconds()}
            container_memory_working_set_bytes{labels} {memory}

            """);
        if (startedAgo is { } ago)
        {
            text += $"container_start_time_seconds{labels} {time.AddSeconds(-ago).ToUnixTimeSeconds()}\n";
        }

        _store.Take(Round(NodeScrape.Read("n", text, time)), Period);
    }

    private static UsageRound Round(IReadOnlyCollection<UsageSample> samples) =>
        new() { Slot = 1, Samples = [.. samples], Hollow = [] };
}
