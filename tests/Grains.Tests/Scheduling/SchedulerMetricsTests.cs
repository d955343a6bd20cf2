using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

/// <summary>What boards and alerts ask of a scheduler, under upstream's names.</summary>
public sealed class SchedulerMetricsTests
{
    private const string Incoming = "scheduler_queue_incoming_pods_total";
    private const string Points = "scheduler_framework_extension_point_duration_seconds";
    private const string Plugins = "scheduler_plugin_execution_duration_seconds";

    private readonly ConcurrentQueue<string> _seen = new();

    [Theory]
    [InlineData(1, "1")]
    [InlineData(14, "14")]
    [InlineData(15, "15+")]
    [InlineData(99, "15+")]
    public void A_pod_that_is_scheduled_is_counted_with_its_attempts(int attempts, string label)
    {
        using var metrics = Listen(static () => new SchedulerMetrics(), out var listener);
        using (listener)
        {
            var pod = new PodInfo
            {
                Key = new ObjectKey("default", "a"), Uid = "u", Revision = 1, Shape = new PodShape(),
                Attempts = (0, attempts),
            };
            metrics.Scheduled(pod, TimeSpan.FromSeconds(3));
            metrics.PreemptionTried(null);
            metrics.PreemptionTried(2);
        }

        Assert.Equal(
            [
                $"scheduler_pod_scheduling_attempts {attempts}",
                $"scheduler_pod_scheduling_sli_duration_seconds 3 attempts={label}",
                "scheduler_preemption_attempts_total 1",
                "scheduler_preemption_attempts_total 1",
                "scheduler_preemption_victims 2",
            ],
            _seen);
    }

    [Fact]
    public void Queues_count_who_comes_and_why()
    {
        using var metrics = Listen(static () => new SchedulerMetrics(), out var listener);
        var core = Core(metrics);
        core.ApplyPod(
            ChangeKind.Added, new PodSketch("gated") { Spec = "\"schedulingGates\":[{\"name\":\"g\"}]" }.Build());
        core.ApplyPod(ChangeKind.Added, new PodSketch("first").Build());
        core.Tick();
        Assert.Null(core.DecideNext()!.NodeName);
        core.ApplyNode(ChangeKind.Added, new NodeSketch("n").Build());
        core.Tick();
        core.ApplyPod(ChangeKind.Modified, new PodSketch("gated") { Spec = "\"schedulingGates\":[]" }.Build(2));
        metrics.Pending(core.Queue, bindings: 3);
        using (listener)
        {
            listener.RecordObservableInstruments();
            Assert.Equal(["gated", "first"], Enumerable.Range(0, 2).Select(_ => core.DecideNext()!.Pod.Key.Name));
        }

        Assert.Equal(
            [
                "event=UnschedulablePodAdd queue=unschedulable", "event=UnschedulablePodAdd queue=active",
                "event=ScheduleAttemptFailure queue=unschedulable", "event=NodeAdd queue=backoff",
                "event=UnschedulablePodUpdatePodSchedulingGatesEliminated queue=active",
                "event=PopFromBackoffQ queue=active",
            ],
            TagsOf(Incoming));
        Assert.Equal(
            ["1 queue=active", "1 queue=backoff", "0 queue=unschedulable", "0 queue=gated", "3 queue=binding"],
            _seen.Where(static s => s.StartsWith("scheduler_pending_pods ", StringComparison.Ordinal))
                .Select(static s => s["scheduler_pending_pods ".Length..]));
    }

    [Fact]
    public void Back_offs_end_and_are_counted_no_more()
    {
        var time = new ManualTime();
        using var metrics = Listen(static () => new SchedulerMetrics(), out var listener);
        var core = Core(metrics, time);
        core.ApplyNode(ChangeKind.Added, new NodeSketch("n").Build());
        core.ApplyPod(ChangeKind.Added, new PodSketch("a").Build());
        core.Tick();
        core.BindingFailed(core.DecideNext()!.Pod);
        Assert.Equal(1, core.Queue.BackoffCount);
        time.Advance(TimeSpan.FromSeconds(2));
        using (listener)
        {
            core.Tick();
        }

        Assert.Equal((1, 0), (core.Queue.ActiveCount, core.Queue.BackoffCount));
        Assert.Equal(
            [
                "event=UnschedulablePodAdd queue=active", "event=ScheduleAttemptFailure queue=backoff",
                "event=BackoffComplete queue=active",
            ],
            TagsOf(Incoming));
    }

    [Fact]
    public void Extension_points_are_measured_in_each_attempt_and_plugins_in_one_of_ten()
    {
        using var metrics = Listen(static () => new SchedulerMetrics(), out var listener);
        var core = Core(metrics);
        core.ApplyNode(ChangeKind.Added, new NodeSketch("m").Build());
        core.ApplyNode(ChangeKind.Added, new NodeSketch("n").Build());
        var sampled = new List<int>();
        using (listener)
        {
            for (var i = 0; i < 11; i++)
            {
                core.ApplyPod(ChangeKind.Added, new PodSketch($"p{i}").Build());
                core.Tick();
                Assert.NotNull(core.DecideNext()!.NodeName);
                sampled.Add(TagsOf(Plugins).Count());
            }
        }

        Assert.Equal(
            Enumerable.Repeat<string[]>(["PreEnqueue", "PreFilter", "Filter", "Score", "Reserve"], 11)
                .SelectMany(static p => p)
                .Select(static p => $"extension_point={p} profile=default-scheduler status=Success"),
            TagsOf(Points));
        Assert.True(sampled[0] > 0);
        Assert.Equal(sampled[0], sampled[9]);
        Assert.True(sampled[10] > sampled[9]);
        Assert.Superset(
            new HashSet<string>
            {
                "extension_point=PreFilter plugin=InterPodAffinity status=Success",
                "extension_point=Filter plugin=NodeResourcesFit status=Success",
                "extension_point=Filter plugin=TaintToleration status=Success",
                "extension_point=Score plugin=NodeResourcesBalancedAllocation status=Success",
            },
            TagsOf(Plugins).ToHashSet());
    }

    [Fact]
    public void Making_room_is_an_extension_point_with_a_plugin()
    {
        using var metrics = Listen(static () => new SchedulerMetrics(), out var listener);
        var core = Core(metrics);
        core.ApplyNode(ChangeKind.Added, new NodeSketch("n") { Allocatable = "cpu=1,memory=1Gi,pods=1" }.Build());
        core.ApplyPod(ChangeKind.Added, new PodSketch("low") { NodeName = "n" }.Build());
        core.ApplyPod(ChangeKind.Added, new PodSketch("high") { Priority = 9 }.Build());
        core.Tick();
        using (listener)
        {
            Assert.NotNull(core.DecideNext()!.Preemption);
        }

        Assert.Equal(
            "extension_point=PostFilter profile=default-scheduler status=Success", TagsOf(Points).Last());
        Assert.Contains("extension_point=Filter plugin=NodeResourcesFit status=Unschedulable", TagsOf(Plugins));
        Assert.Equal("extension_point=PostFilter plugin=DefaultPreemption status=Success", TagsOf(Plugins).Last());
    }

    [Fact]
    public async Task Binding_is_measured_whether_it_succeeds_or_not()
    {
        var (api, refusals) = (new SchedulingApi(), 0);
        api.Intercept = (what, _) =>
            what == "binding pods" && refusals++ == 0 ? StatusErrors.InternalError("no") : null;
        api.Put(WellKnown.Nodes, new NodeSketch("n").Build());
        api.Put(WellKnown.Pods, new PodSketch("a").Build());
        using var stop = new CancellationTokenSource();
        using var loop = Listen(
            () => new SchedulerLoop(api, new SchedulerOptions(), TimeProvider.System, NullLogger.Instance),
            out var listener);
        using (listener)
        {
            var run = loop.RunAsync(stop.Token);
            await api.UntilAsync(() => api.All(WellKnown.Events).Any(
                static e => e["reason"]!.GetValue<string>() == "Scheduled"));
            await stop.CancelAsync();
            await run.ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        Assert.Equal(
            [
                "extension_point=PreBind profile=default-scheduler status=Success",
                "extension_point=Bind profile=default-scheduler status=Error",
                "extension_point=PreBind profile=default-scheduler status=Success",
                "extension_point=Bind profile=default-scheduler status=Success",
            ],
            TagsOf(Points).Where(static t => t.Contains("Bind", StringComparison.Ordinal)));
    }

    [Fact]
    public void All_that_pods_may_wait_for_has_upstream_s_words()
    {
        var followed = new ClusterTables().Followed.Where(static f => f.Value.Change != ClusterChanges.None)
            .Select(static f => f.Key).Append(WellKnown.ResourceClaims);
        Assert.All(followed, static r => Assert.All(
            Enum.GetValues<ChangeKind>(), k => Assert.NotEmpty(QueueEvents.Of(r, k))));
        Assert.Equal("PersistentVolumeClaimAdd", QueueEvents.Of(WellKnown.PersistentVolumeClaims, ChangeKind.Added));
        Assert.Equal("storage.k8s.io/CSINodeUpdate", QueueEvents.Of(WellKnown.CsiNodes, ChangeKind.Modified));
    }

    /// <summary>Of several things about a node upstream tells one after the other.</summary>
    [Theory]
    [InlineData(ClusterChanges.NodeAdded, "NodeAdd")]
    [InlineData(ClusterChanges.NodeAllocatable, "NodeUpdateNodeAllocatable")]
    [InlineData(ClusterChanges.NodeLabels | ClusterChanges.NodeAllocatable, "NodeUpdateNodeLabel")]
    [InlineData(ClusterChanges.NodeTaints | ClusterChanges.NodeLabels, "NodeUpdateNodeTaint")]
    [InlineData(ClusterChanges.NodeFeatures | ClusterChanges.NodeTaints, "NodeUpdateNodeDeclaredFeature")]
    public void What_changed_about_a_node_has_upstream_s_word(ClusterChanges changes, string word) =>
        Assert.Equal(word, QueueEvents.OfNode(changes));

    private static SchedulerCore Core(SchedulerMetrics metrics, TimeProvider? time = null) =>
        new([new SchedulerProfile()], time ?? new ManualTime(), new Random(1), metrics: metrics);

    private IEnumerable<string> TagsOf(string name) =>
        _seen.Where(s => s.StartsWith(name + " ", StringComparison.Ordinal))
            .Select(static s => s.Split(' ', 3)[2]);

    /// <summary>Hears these metrics only: others of the same name are other tests'.</summary>
    private T Listen<T>(Func<T> make, out MeterListener listener)
    {
        var isOurs = false;
        var thread = Environment.CurrentManagedThreadId;
        listener = new MeterListener();
        listener.InstrumentPublished = (instrument, hearing) =>
        {
            if (isOurs && Environment.CurrentManagedThreadId == thread)
            {
                hearing.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((i, value, tags, _) => _seen.Enqueue(Text(i, value, tags)));
        listener.SetMeasurementEventCallback<long>((i, value, tags, _) => _seen.Enqueue(Text(i, value, tags)));
        listener.SetMeasurementEventCallback<int>((i, value, tags, _) => _seen.Enqueue(Text(i, value, tags)));
        listener.Start();
        isOurs = true;
        var made = make();
        isOurs = false;
        return made;
    }

    private static string Text(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = FormattableString.Invariant($"{instrument.Name} {value}");
        foreach (var (key, tag) in tags)
        {
            text += $" {key}={tag}";
        }

        return text;
    }
}
