using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;

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

    // From 10 ms to 5,243 s, doubling: upstream's.
    private static readonly InstrumentAdvice<double> Waits = new()
    {
        HistogramBucketBoundaries = [.. Enumerable.Range(0, 20).Select(static i => 0.01 * (1 << i))],
    };

    /// <summary>More attempts than these are told as these and a plus.</summary>
    private const int MostAttempts = 15;

    private readonly Counter<long> _attempts;
    private readonly Histogram<double> _durations;
    private readonly Histogram<double> _decisions;
    private readonly Histogram<double> _waits;
    private readonly Histogram<int> _counts;
    private readonly Counter<long> _preemptions;
    private readonly Histogram<int> _victims;
    private volatile PendingPods _pending = new(0, 0, 0, 0);

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
        _waits = _meter.CreateHistogram(
            "scheduler_pod_scheduling_sli_duration_seconds", "s",
            "E2e latency for a pod being scheduled, from the first attempt, by the number of attempts.", advice: Waits);
        _counts = _meter.CreateHistogram(
            "scheduler_pod_scheduling_attempts", null, "Number of attempts to successfully schedule a pod.",
            advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16] });
        _preemptions = _meter.CreateCounter<long>(
            "scheduler_preemption_attempts_total", description: "Total preemption attempts in the cluster till now");
        _victims = _meter.CreateHistogram(
            "scheduler_preemption_victims", null, "Number of selected preemption victims",
            advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64] });
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
        _pending = new PendingPods(queue.ActiveCount, queue.UnschedulableCount, queue.GatedCount, bindings);

    private IEnumerable<Measurement<int>> ObservePending()
    {
        var pending = _pending;
        yield return new(pending.Active, new KeyValuePair<string, object?>("queue", "active"));
        yield return new(pending.Unschedulable, new KeyValuePair<string, object?>("queue", "unschedulable"));
        yield return new(pending.Gated, new KeyValuePair<string, object?>("queue", "gated"));
        yield return new(pending.Binding, new KeyValuePair<string, object?>("queue", "binding"));
    }

    private sealed record PendingPods(int Active, int Unschedulable, int Gated, int Binding);
}
