using CsCheck;
using OrleansOrchestrator.Grains.Scheduling.Framework;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Grains.Scheduling.Plugins;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

public sealed class SchedulingQueueTests
{
    private const string Tolerates = "\"tolerations\":[{\"key\":\"a\",\"operator\":\"Exists\"}]";

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
            var backoff = new SchedulingBackoff().After(attempt) + TimeSpan.FromSeconds(1);
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

    /// <summary>Upstream's hints on what may help: only that against which the pod was rejected.</summary>
    [Theory]
    [InlineData("NodeResourcesFit", "cpu=2", "", "", false)]
    [InlineData("NodeResourcesFit", "cpu=1", "", "", true)]
    [InlineData("NodeResourcesFit", "cpu=3,memory=1Gi", "", "", false)]
    [InlineData("NodeResourcesFit", "cpu=2", "\"labels\":{\"a\":\"b\"}", "", false)]
    [InlineData("TaintToleration", "cpu=1", "", "", false)]
    [InlineData("TaintToleration", "cpu=2", "", Tolerates, true)]
    [InlineData("NodeUnschedulable", "cpu=2", "", Tolerates, false)]
    [InlineData("NodeUnschedulable", "cpu=2", "", "\"tolerations\":[{\"operator\":\"Exists\"}]", true)]
    [InlineData("PodTopologySpread", "cpu=1", "", Tolerates, false)]
    public void AChangeWakesWhenItHelps(string rejectedBy, string requests, string metadata, string spec, bool isTried)
    {
        var queued = _queue.Add(Pod("a", requests: "cpu=2"));
        _queue.ReturnUnschedulable(_queue.Take()!, new HashSet<string> { rejectedBy });
        _queue.Update(
            queued,
            _reader.Read(new PodSketch("a") { Requests = requests, Metadata = metadata, Spec = spec }.Build()));
        Assert.Equal(isTried, _queue.Take() is not null);
    }

    [Fact]
    public void APodWhoseTurnComesAnywayIsThenAsItIsThen()
    {
        var queued = _queue.Add(Pod("a", requests: "cpu=2"));
        _queue.ReturnFailed(_queue.Take()!);
        _queue.Update(queued, Pod("a", requests: "cpu=1"));
        Assert.Null(_queue.Take());
        _time.Advance(TimeSpan.FromSeconds(2));
        _queue.Tick();
        Assert.Equal(1_000, _queue.Take()!.Pod.Shape.Requests.MilliCpu);
    }

    [Fact]
    public void ErrorsBackOffByHowManyThereWereInARow()
    {
        _queue.Add(Pod("a"));
        for (var i = 0; i < 3; i++)
        {
            _queue.ReturnUnschedulable(_queue.Take()!, ByFit);
            _queue.Wake(Freed);
        }

        _queue.ReturnFailed(_queue.Take()!);
        _time.Advance(TimeSpan.FromSeconds(2));
        _queue.Tick();
        Assert.NotNull(_queue.Take());
    }

    [Fact]
    public void WhoMayNotBeTriedIsNotWoken()
    {
        var claims = _tables.Followed[WellKnown.ResourceClaims].Table;
        var claim = SchedulingObjects.Object(
            new ObjectKey("default", "c"), "u", 1, """{"metadata":{"name":"c","namespace":"default","uid":"u"},"spec":{}}""");
        claims.Apply(ChangeKind.Added, claim);
        _queue.Add(_reader.Read(new PodSketch("a")
        {
            Spec = """
                "resourceClaims":[{"name":"gpu","resourceClaimName":"c"}]
                """,
        }.Build()));
        _queue.ReturnUnschedulable(_queue.Take()!, ByFit);
        claims.Apply(ChangeKind.Deleted, claim);
        _queue.Wake(Freed);
        Assert.Equal((1, 0), (_queue.GatedCount, _queue.UnschedulableCount));
        Assert.Null(_queue.Take());
    }

    /// <summary>
    /// However many wait and came onto nodes: a rule is asked once for each kind of those and of these. Where too many
    /// came, all are tried.
    /// </summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    public void WhetherOthersMayHelpIsAskedOnceForPodsThatAreAlike(int kinds, int movedKinds)
    {
        const int pods = 2_000;
        var rule = new CountingRule();
        var plugins = PluginSet.Default(_tables) with { Relations = [rule] };
        var queue = new SchedulingQueue(_ => plugins, _time);
        for (var i = 0; i < pods; i++)
        {
            queue.Add(Labelled("waiting", i, i % kinds));
            queue.ReturnUnschedulable(queue.Take()!, new HashSet<string> { rule.Name });
        }

        var events = new ClusterEvents { Kinds = ClusterChanges.PodPlaced };
        for (var i = 0; i < MovedPods.Max; i++)
        {
            events.Moved.Add(Labelled("moved", i, kinds + (i % movedKinds)));
        }

        queue.Wake(events);
        Assert.Equal((kinds * movedKinds, pods), (rule.Calls, queue.UnschedulableCount));
        events.Moved.Add(Labelled("more", 0, 0));
        queue.Wake(events);
        Assert.Equal(0, queue.UnschedulableCount);
    }

    /// <summary>Pods that are alike in labels alone, or in all but them, are each asked about.</summary>
    [Fact]
    public void WhomOthersHelpIsWoken()
    {
        var rule = new CountingRule();
        var plugins = PluginSet.Default(_tables) with { Relations = [rule] };
        var queue = new SchedulingQueue(_ => plugins, _time);
        foreach (var (pod, space) in new[] { (0, "default"), (1, "default"), (0, "other"), (0, "default") })
        {
            queue.Add(Labelled("waiting", queue.UnschedulableCount, pod, space));
            queue.ReturnUnschedulable(queue.Take()!, new HashSet<string> { rule.Name });
        }

        var events = new ClusterEvents { Kinds = ClusterChanges.PodPlaced };
        events.Moved.Add(Labelled("moved", 0, 0));
        queue.Wake(events);
        Assert.Equal((3, 2), (rule.Calls, queue.UnschedulableCount));
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
            events.FreedNodes.Add(new NodeTable(_tables).Update(new NodeSketch("n").Build())!.Node);
            return events;
        }
    }

    private PodInfo Pod(string name, int priority = 0, string requests = "") =>
        _reader.Read(new PodSketch(name) { Priority = priority, Requests = requests }.Build());

    private PodInfo Labelled(string name, int number, int label, string space = "default") => _reader.Read(
        new PodSketch(SchedulingObjects.Numbered(name, number))
        {
            Namespace = space, Metadata = $$"""
                "labels":{"common":"yes","kind":"{{label}}"}
                """,
        }.Build());

    private Func<PodInfo, PluginSet> Plugins()
    {
        var plugins = PluginSet.Default(_tables);
        return _ => plugins;
    }

    /// <summary>Pods of one namespace help those with the same labels.</summary>
    private sealed class CountingRule : IRelationPlugin
    {
        public int Calls { get; private set; }

        public string Name => "Counting";

        public int Weight => 1;

        public bool MindsPods => true;

        public ClusterChanges HelpfulChanges => ClusterChanges.None;

        public bool Minds(PodInfo pod, PodInfo other)
        {
            Calls++;
            return pod.Key.Namespace == other.Key.Namespace && pod.Labels["kind"] == other.Labels["kind"];
        }

        public IPodRelations? Prepare(PodInfo pod, NodeInfo[] nodes) => null;
    }
}
