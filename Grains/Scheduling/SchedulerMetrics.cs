using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>What a scheduler measures of itself, under upstream's names.</summary>
internal sealed class SchedulerMetrics : IDisposable
{
    private readonly Meter _meter = new("OrleansOrchestrator.Scheduler");
    // From a millisecond to 16 s, doubling: upstream's.
    private static readonly InstrumentAdvice<double> Bounds = new()
    {
        HistogramBucketBoundaries = [.. Enumerable.Range(0, 15).Select(static i => 0.001 * (1 << i))],
    };

    private readonly Counter<long> _attempts;
    private readonly Histogram<double> _durations;
    private readonly Histogram<double> _decisions;
    private volatile PendingPods _pending = new(0, 0, 0);

    public SchedulerMetrics()
    {
        _attempts = _meter.CreateCounter<long>(
            "scheduler_schedule_attempts_total", description: "Number of attempts to schedule pods, by the result.");
        _durations = _meter.CreateHistogram(
            "scheduler_scheduling_attempt_duration_seconds", "s",
            "Scheduling attempt latency in seconds (scheduling algorithm + binding)", advice: Bounds);
        _decisions = _meter.CreateHistogram(
            "scheduler_scheduling_algorithm_duration_seconds", "s", "Scheduling algorithm latency in seconds",
            advice: Bounds);
        _meter.CreateObservableGauge(
            "scheduler_pending_pods", ObservePending, description: "Number of pending pods, by the queue type.");
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

    /// <summary>A node was looked for.</summary>
    public void Decided(TimeSpan took) => _decisions.Record(took.TotalSeconds);

    /// <summary>How many pods wait now; read whenever somebody asks.</summary>
    public void Pending(SchedulingQueue queue, int bindings) =>
        _pending = new PendingPods(queue.ActiveCount, queue.UnschedulableCount, bindings);

    private IEnumerable<Measurement<int>> ObservePending()
    {
        var pending = _pending;
        yield return new(pending.Active, new KeyValuePair<string, object?>("queue", "active"));
        yield return new(pending.Unschedulable, new KeyValuePair<string, object?>("queue", "unschedulable"));
        yield return new(pending.Binding, new KeyValuePair<string, object?>("queue", "binding"));
    }

    private sealed record PendingPods(int Active, int Unschedulable, int Binding);
}
