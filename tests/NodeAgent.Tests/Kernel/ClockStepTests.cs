using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Logs;
using OrleansOrchestrator.NodeAgent.Nftables;
using OrleansOrchestrator.NodeAgent.Proxy;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Kernel;

/// <summary>
/// Somebody sets the clock. What lasts a while lasts as long as before; what tells the time tells the new one. (Tokens
/// have a test of their own; that nothing else subtracts times of the wall clock, the types hold.)
/// </summary>
public sealed class ClockStepTests
{
    private readonly ManualTime _time = new();

    [Theory]
    [InlineData(-86400)]
    [InlineData(-1)]
    [InlineData(86400)]
    public void Steady_time_does_not_step(int seconds)
    {
        var before = _time.GetSteadyTime();

        _time.SetWallClock(TimeSpan.FromSeconds(seconds));
        Assert.Equal(before, _time.GetSteadyTime());
        _time.Now += TimeSpan.FromSeconds(5);

        Assert.Equal(TimeSpan.FromSeconds(5), _time.GetSteadyTime() - before);
    }

    [Fact]
    public void A_container_that_ended_before_the_clock_was_set_back_waits_no_longer_than_its_delay()
    {
        var ended = _time.GetUtcNow();
        _time.SetWallClock(TimeSpan.FromHours(-1));

        var seen = _time.ToSteadyTime(ended);
        var until = BackOffEntry.WaitUntil(new BackOffEntry(BackOffEntry.Initial, seen), seen, _time.GetSteadyTime());

        Assert.Equal(_time.GetSteadyTime() + BackOffEntry.Initial, until);
    }

    [Fact]
    public void An_age_is_taken_over_when_the_stamp_is_seen()
    {
        var seen = _time.ToSteadyTime(_time.GetUtcNow() - TimeSpan.FromMinutes(7));

        _time.SetWallClock(TimeSpan.FromDays(30));

        Assert.Equal(TimeSpan.FromMinutes(7), _time.GetSteadyTime() - seen);
    }

    [Theory]
    [InlineData(-86400)]
    [InlineData(86400)]
    public void The_service_proxy_waits_as_long_as_before(int seconds)
    {
        var (parts, health, old) = (new HeldParts(_time), new ProxyHealth(_time), new Ruleset());
        old.Parts[new Part(PartKind.Chain, "a")] = "";
        parts.Note(old.Parts.Keys, new Ruleset(), []);
        health.Queued();

        _time.SetWallClock(TimeSpan.FromSeconds(seconds));
        Assert.Empty(parts.Due(new Ruleset()));
        Assert.True(health.IsHealthy);
        _time.Now += TimeSpan.FromMinutes(1);

        Assert.Equal(old.Parts.Keys, parts.Due(new Ruleset()));
        Assert.False(health.IsHealthy);
    }

    [Fact]
    public void Rotated_logs_stay_in_order_when_the_clock_is_set_back()
    {
        var now = new DateTimeOffset(2026, 5, 6, 7, 8, 9, TimeSpan.Zero);
        var stamps = new List<string>();
        foreach (var step in new[] { 0, 0, -3600, 5, -86400 })
        {
            stamps.Add(LogRotator.NextStamp(stamps.Append("tmp").Append("20990101-junk"), now.AddSeconds(step)));
        }

        Assert.Equal("20260506-070809", stamps[0]);
        Assert.Equal(stamps, stamps.Order(StringComparer.Ordinal).Distinct());
        Assert.Equal("20260506-070810", LogRotator.NextStamp(["20260506-070809.gz"], now.AddHours(-1)));
    }

    [Fact]
    public async Task A_clock_that_is_set_back_silences_no_events()
    {
        var cluster = new FakeCluster();
        using var recorder = new EventRecorder(
            cluster, new NodeAgentOptions { NodeName = "n" }, _time, NullLogger<EventRecorder>.Instance);
        await recorder.StartAsync(CancellationToken.None);
        var pod = TestPods.Pod("p", TestPods.Service("c"));
        pod.Metadata.Uid = "u";
        for (var i = 0; i < 30; i++)
        {
            recorder.Pod(pod, EventRecorder.Normal, $"Reason{i}", "message");
        }

        await cluster.UntilAsync(() => cluster.Events.Count == 25, () => $"25 events, not {cluster.Events.Count}");
        _time.SetWallClock(TimeSpan.FromDays(-1));
        _time.Now += TimeSpan.FromSeconds(301);
        recorder.Pod(pod, EventRecorder.Normal, "Reason", "and one more");

        await cluster.UntilAsync(() => cluster.Events.Any(e => e.Message == "and one more"), () => "one more");
        await recorder.StopAsync(CancellationToken.None);
    }
}
