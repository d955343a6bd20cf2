using System.Diagnostics.Metrics;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>What a scheduler measures of itself, under upstream's names.</summary>
internal sealed class SchedulerMetrics : IDisposable
{
    private readonly Meter _meter = new("OrleansOrchestrator.Scheduler");
    private readonly Counter<long> _attempts;
    private readonly string _profile;
    private volatile PendingPods _pending = new(0, 0, 0);

    public SchedulerMetrics(string profile)
    {
        _profile = profile;
        _attempts = _meter.CreateCounter<long>(
            "scheduler_schedule_attempts_total", description: "Number of attempts to schedule pods, by the result.");
        _meter.CreateObservableGauge(
            "scheduler_pending_pods", ObservePending, description: "Number of pending pods, by the queue type.");
    }

    public void Dispose() => _meter.Dispose();

    /// <summary>An attempt ended: <c>scheduled</c>, <c>unschedulable</c> or <c>error</c>.</summary>
    public void Attempted(string result) =>
        _attempts.Add(1, new("result", result), new KeyValuePair<string, object?>("profile", _profile));

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
