using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Cluster;

/// <summary>What kubectl prints of repeated events: how often, since when, and the last message.</summary>
public sealed class EventRecorderTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private readonly FakeCluster _cluster = new();
    private readonly EventRecorder _recorder;
    private readonly V1Pod _pod;

    public EventRecorderTests()
    {
        _recorder = new EventRecorder(
            _cluster, new NodeAgentOptions { NodeName = "n" }, _time, NullLogger<EventRecorder>.Instance);
        _pod = TestPods.Pod("p", TestPods.Service("c"));
        _pod.Metadata.Uid = "u";
    }

    public async ValueTask InitializeAsync() => await _recorder.StartAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _recorder.StopAsync(CancellationToken.None);
        _recorder.Dispose();
    }

    [Fact]
    public async Task A_repeated_event_tells_when_it_happened_first_and_last()
    {
        var begun = _time.Now;
        Happens("it did not");
        _time.Now += TimeSpan.FromMinutes(1);
        Happens("it did not");

        await UntilAsync(2);
        var told = Assert.Single(_cluster.Events);
        Assert.Equal((begun, _time.Now), Times(told));
    }

    [Fact]
    public async Task A_repeated_event_that_is_gone_is_written_anew_with_what_is_known_of_it()
    {
        var begun = _time.Now;
        Happens("it did not");
        await UntilAsync(1);
        var name = _cluster.Events[0].Metadata.Name;
        _cluster.ForgetEvents();
        _time.Now += TimeSpan.FromMinutes(1);
        Happens("it did not");

        await UntilAsync(2);
        var told = Assert.Single(_cluster.Events);
        Assert.Equal((begun, _time.Now), Times(told));
        Assert.NotEqual(name, told.Metadata.Name);
    }

    [Fact]
    public async Task Similar_events_are_combined()
    {
        foreach (var i in Enumerable.Range(1, 12))
        {
            Happens($"answer {i}");
        }

        await UntilAsync(3);
        Assert.Equal("(combined from similar events): answer 12", _cluster.Events[^1].Message);
        Assert.Equal(10, _cluster.Events.Count);
    }

    private static (DateTimeOffset, DateTimeOffset) Times(Corev1Event told) =>
        (told.FirstTimestamp!.Value, told.LastTimestamp!.Value);

    private void Happens(string message) => _recorder.Pod(_pod, EventRecorder.Warning, "Unhealthy", message);

    private Task UntilAsync(int count) => _cluster.UntilAsync(
        () => _cluster.Events.Any(e => e.Count == count), () => $"an event that happened {count} times");
}
