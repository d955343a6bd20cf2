using CsCheck;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Grains.Scheduling.Plugins;
using OrleansOrchestrator.SeedKit;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

public sealed class SchedulingQueueTests
{
    private static readonly HashSet<string> ByFit = ["NodeResourcesFit"];

    private readonly ManualTime _time = new();
    private readonly ClusterTables _tables = new();
    private readonly SchedulingQueue _queue;
    private readonly PodReader _reader;

    public SchedulingQueueTests()
    {
        _queue = new SchedulingQueue(Plugins(), _time);
        _reader = new PodReader(_tables.Scalars);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 4)]
    [InlineData(4, 8)]
    [InlineData(5, 10)]
    [InlineData(1000, 10)]
    public void BackoffDoublesToTenSeconds(int failures, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), new SchedulingBackoff().After(failures));

    [Fact]
    public void AFailedBindingWaitsItsBackoff()
    {
        _queue.Add(Pod("a"));
        for (var attempt = 1; attempt <= 6; attempt++)
        {
            var queued = _queue.Take()!;
            Assert.Equal(attempt, queued.Attempts);
            _queue.ReturnFailed(queued);
            var backoff = new SchedulingBackoff().After(attempt);
            _time.Advance(backoff - TimeSpan.FromMilliseconds(1));
            _queue.Tick();
            Assert.Null(_queue.Take());
            Assert.True(_queue.NextTick <= _time.GetUtcNow() + TimeSpan.FromMilliseconds(1));
            _time.Advance(TimeSpan.FromMilliseconds(1));
            _queue.Tick();
        }

        Assert.NotNull(_queue.Take());
    }

    [Fact]
    public void AnUnschedulablePodIsTriedAtLastEvenIfNothingChanges()
    {
        _queue.Add(Pod("a"));
        _queue.ReturnUnschedulable(_queue.Take()!, ByFit);
        _time.Advance(SchedulingQueue.MaxUnschedulable);
        _queue.Tick();
        Assert.Null(_queue.Take());
        _time.Advance(TimeSpan.FromSeconds(30));
        _queue.Tick();
        Assert.NotNull(_queue.Take());
    }

    [Fact]
    public void OfThoseThatBackOffToTheSameSecondTheMoreImportantGoesFirst()
    {
        foreach (var pod in new[] { Pod("low"), Pod("high", priority: 1) })
        {
            _queue.Add(pod);
            _queue.ReturnUnschedulable(_queue.Take()!, ByFit);
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        _queue.Wake(Freed);
        Assert.Equal("high", _queue.Take()!.Pod.Key.Name);
        Assert.Equal("low", _queue.Take()!.Pod.Key.Name);
    }

    [Fact]
    public void ActivePodsGoBeforeThoseThatBackOff()
    {
        _queue.Add(Pod("tried", priority: 10));
        _queue.ReturnUnschedulable(_queue.Take()!, ByFit);
        _queue.Wake(Freed);
        _queue.Add(Pod("fresh"));
        Assert.Equal("fresh", _queue.Take()!.Pod.Key.Name);
        Assert.Equal("tried", _queue.Take()!.Pod.Key.Name);
    }

    [Fact]
    public void AChangeOfStatusAloneDoesNotWake()
    {
        var queued = _queue.Add(Pod("a"));
        _queue.ReturnUnschedulable(_queue.Take()!, ByFit);
        _queue.Update(queued, Pod("a"));
        Assert.Null(_queue.Take());
        _queue.Update(queued, Pod("a", requests: "cpu=1"));
        Assert.NotNull(_queue.Take());
    }

    /// <summary>Whatever is done to it, no pod is lost, none is handed out twice, and order is by priority.</summary>
    [Fact]
    public void NoPodIsLostOrDoubled() => Gen.Int[0, 4].Array[1, 60].Check(
        steps =>
        {
            var queue = new SchedulingQueue(Plugins(), _time);
            var waiting = new Dictionary<string, QueuedPod>(StringComparer.Ordinal);
            var taken = new List<QueuedPod>();
            for (var i = 0; i < steps.Length; i++)
            {
                Apply(queue, steps[i], i, waiting, taken);
            }

            taken.ForEach(queue.ReturnFailed);
            _time.Advance(SchedulingQueue.MaxUnschedulable + TimeSpan.FromMinutes(1));
            queue.Tick();
            var rest = new List<QueuedPod>();
            while (queue.Take() is { } next)
            {
                rest.Add(next);
            }

            return rest.Count == waiting.Count
                && rest.All(q => waiting.ContainsValue(q))
                && rest.Zip(rest.Skip(1)).All(pair => pair.First.Pod.Priority >= pair.Second.Pod.Priority);
        },
        threads: 1);

    private void Apply(
        SchedulingQueue queue, int step, int number, Dictionary<string, QueuedPod> waiting, List<QueuedPod> taken)
    {
        switch (step)
        {
            case 0 or 1:
                var pod = Pod(SchedulingObjects.Numbered("p", number), priority: number % 3);
                waiting.Add(pod.Key.Name, queue.Add(pod));
                break;
            case 2 when queue.Take() is { } next:
                taken.Add(next);
                break;
            case 3 when taken.Count > 0:
                queue.ReturnUnschedulable(taken[0], ByFit);
                taken.RemoveAt(0);
                break;
            case 4:
                queue.Wake(Freed);
                var victim = waiting.Values.FirstOrDefault(q => !taken.Contains(q));
                if (victim is not null)
                {
                    queue.Remove(victim);
                    waiting.Remove(victim.Pod.Key.Name);
                }

                break;
            default:
                break;
        }
    }

    /// <summary>A node with room for all, which a pod has left.</summary>
    private ClusterEvents Freed
    {
        get
        {
            var events = new ClusterEvents();
            events.FreedNodes.Add(new NodeTable(_tables).Update(new NodeSketch("n").Build())!);
            return events;
        }
    }

    private PodInfo Pod(string name, int priority = 0, string requests = "") =>
        _reader.Read(new PodSketch(name) { Priority = priority, Requests = requests }.Build());

    private Func<PodInfo, PluginSet> Plugins()
    {
        var plugins = PluginSet.Default(_tables);
        return _ => plugins;
    }
}
