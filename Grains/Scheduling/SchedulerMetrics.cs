using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>What a scheduler measures of itself, under upstream's names.</summary>
public sealed class SchedulerMetrics : IDisposable
{
    private readonly Meter _meter = new("OrleansOrchestrator.Scheduler");

    // From a millisecond to 16 s, doubling: upstream's, as are those below.
    private static readonly InstrumentAdvice<double> Attempts = Buckets.Growing(0.001, 2, 15);

    // From 10 ms to 5,243 s.
    private static readonly InstrumentAdvice<double> Waits = Buckets.Growing(0.01, 2, 20);

    // From 0.1 ms to 205 ms.
    private static readonly InstrumentAdvice<double> Points = Buckets.Growing(0.0001, 2, 12);

    // From 10 µs to 22 ms.
    private static readonly InstrumentAdvice<double> Plugins = Buckets.Growing(0.00001, 1.5, 20);

    /// <summary>More attempts than these are told as these and a plus.</summary>
    private const int MostAttempts = 15;

    private readonly Counter<long> _attempts;
    private readonly Histogram<double> _durations;
    private readonly Histogram<double> _decisions;
    private readonly Histogram<double> _waits;
    private readonly Histogram<double> _points;
    private readonly Histogram<double> _plugins;
    private readonly Histogram<int> _counts;
    private readonly Counter<long> _incoming;
    private readonly Counter<long> _preemptions;
    private readonly Histogram<int> _victims;
    private volatile PendingPods _pending = new(0, 0, 0, 0, 0);

    public SchedulerMetrics()
    {
        _attempts = _meter.CreateCounter<long>(
            "scheduler_schedule_attempts_total",
            description: "[STABLE] Number of attempts to schedule pods, by the result. 'unschedulable' means a pod "
            + "could not be scheduled, while 'error' means an internal scheduler problem.");
        _durations = _meter.CreateHistogram(
            "scheduler_scheduling_attempt_duration_seconds", "s",
            "[STABLE] Scheduling attempt latency in seconds (scheduling algorithm + binding)", advice: Attempts);
        _decisions = _meter.CreateHistogram(
            "scheduler_scheduling_algorithm_duration_seconds", "s", "[ALPHA] Scheduling algorithm latency in seconds",
            advice: Attempts);
        _waits = _meter.CreateHistogram(
            "scheduler_pod_scheduling_sli_duration_seconds", "s",
            "[BETA] E2e latency for a pod being scheduled, from the time the pod enters the scheduling queue and might "
            + "involve multiple scheduling attempts.",
            advice: Waits);
        _points = _meter.CreateHistogram(
            "scheduler_framework_extension_point_duration_seconds", "s",
            "[STABLE] Latency for running all plugins of a specific extension point.", advice: Points);
        _plugins = _meter.CreateHistogram(
            "scheduler_plugin_execution_duration_seconds", "s",
            "[ALPHA] Duration for running a plugin at a specific extension point.", advice: Plugins);
        _counts = _meter.CreateHistogram(
            "scheduler_pod_scheduling_attempts", null, "[STABLE] Number of attempts to successfully schedule a pod.",
            advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16] });
        _incoming = _meter.CreateCounter<long>(
            "scheduler_queue_incoming_pods_total",
            description: "[STABLE] Number of pods added to scheduling queues by event and queue type.");
        _preemptions = _meter.CreateCounter<long>(
            "scheduler_preemption_attempts_total",
            description: "[STABLE] Total preemption attempts in the cluster till now");
        _victims = _meter.CreateHistogram(
            "scheduler_preemption_victims", null, "[STABLE] Number of selected preemption victims",
            advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64] });
        _meter.CreateObservableGauge(
            "scheduler_pending_pods", ObservePending,
            description: "[STABLE] Number of pending pods, by the queue type. 'active' means number of pods in "
            + "activeQ; 'backoff' means number of pods in backoffQ; 'unschedulable' means number of pods in "
            + "unschedulablePods that the scheduler attempted to schedule and failed; 'gated' is the number of "
            + "unschedulable pods that the scheduler never attempted to schedule because they are gated.");
    }

    public void Dispose() => _meter.Dispose();

    /// <summary>An attempt ended: <c>scheduled</c>, <c>unschedulable</c> or <c>error</c>.</summary>
    /// <param name="pod">For which pod.</param>
    /// <param name="result">How.</param>
    /// <param name="took">From the decision's begin.</param>
    public void Attempted(PodInfo pod, string result, TimeSpan took)
    {
        var tags = new TagList { { "result", result }, { "profile", pod.SchedulerName } };
        _attempts.Add(1, tags);
        _durations.Record(took.TotalSeconds, tags);
    }

    /// <summary>A pod comes into a queue.</summary>
    /// <param name="place">Which; those that are gated count as unschedulable, as upstream has it.</param>
    /// <param name="cause">Why, of <see cref="QueueEvents"/>.</param>
    public void Queued(QueuePlace place, string cause) => _incoming.Add(
        1, new KeyValuePair<string, object?>("event", cause), new KeyValuePair<string, object?>("queue", place switch
        {
            QueuePlace.Active => "active",
            QueuePlace.BackingOff or QueuePlace.Failed => "backoff",
            _ => "unschedulable",
        }));

    /// <summary>All plugins of an extension point have run for a pod.</summary>
    /// <param name="point">Which, of <see cref="ExtensionPoints"/>.</param>
    /// <param name="status">What came of it, of <see cref="PluginStatus"/>.</param>
    /// <param name="profile">Whose they are.</param>
    /// <param name="took">All together.</param>
    public void PointEnded(string point, string status, string profile, TimeSpan took) => _points.Record(
        took.TotalSeconds, new KeyValuePair<string, object?>("extension_point", point),
        new KeyValuePair<string, object?>("profile", profile), new KeyValuePair<string, object?>("status", status));

    /// <summary>One plugin has run for a pod, and a node where it looks at nodes.</summary>
    public void PluginEnded(string plugin, string point, string status, TimeSpan took) => _plugins.Record(
        took.TotalSeconds, new KeyValuePair<string, object?>("extension_point", point),
        new KeyValuePair<string, object?>("plugin", plugin), new KeyValuePair<string, object?>("status", status));

    /// <summary>A pod has its node.</summary>
    /// <param name="pod">Which.</param>
    /// <param name="took">From the beginning of the first attempt.</param>
    public void Scheduled(PodInfo pod, TimeSpan took)
    {
        var attempts = pod.Attempts.Count;
        _counts.Record(attempts);
        _waits.Record(took.TotalSeconds, new KeyValuePair<string, object?>(
            "attempts",
            attempts < MostAttempts ? attempts.ToString(CultureInfo.InvariantCulture) : $"{MostAttempts}+"));
    }

    /// <summary>No node fits a pod, so that room was looked for.</summary>
    /// <param name="victims">How many pods are to go; null when that would not help.</param>
    public void PreemptionTried(int? victims)
    {
        _preemptions.Add(1);
        if (victims is { } count)
        {
            _victims.Record(count);
        }
    }

    /// <summary>A node was looked for.</summary>
    public void Decided(TimeSpan took) => _decisions.Record(took.TotalSeconds);

    /// <summary>How many pods wait now; read whenever somebody asks.</summary>
    public void Pending(SchedulingQueue queue, int bindings) =>
        _pending = new PendingPods(
            queue.ActiveCount, queue.BackoffCount, queue.UnschedulableCount, queue.GatedCount, bindings);

    private IEnumerable<Measurement<int>> ObservePending()
    {
        var pending = _pending;
        yield return new(pending.Active, new KeyValuePair<string, object?>("queue", "active"));
        yield return new(pending.Backoff, new KeyValuePair<string, object?>("queue", "backoff"));
        yield return new(pending.Unschedulable, new KeyValuePair<string, object?>("queue", "unschedulable"));
        yield return new(pending.Gated, new KeyValuePair<string, object?>("queue", "gated"));
        yield return new(pending.Binding, new KeyValuePair<string, object?>("queue", "binding"));
    }

    private sealed record PendingPods(int Active, int Backoff, int Unschedulable, int Gated, int Binding);
}
