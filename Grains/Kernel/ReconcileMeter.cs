using System.Diagnostics.Metrics;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// What reconciliation measures of itself, under the names of upstream's work queues: here each object has a queue of
/// its own, so that the depth is how many steps are asked for and have not begun.
/// </summary>
internal sealed class ReconcileMeter
{
    // From 10 ns to 10 s, by tens: upstream's.
    private static readonly InstrumentAdvice<double> Bounds = new()
    {
        HistogramBucketBoundaries = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10],
    };

    private static readonly Meter Meter = new("OrleansOrchestrator.Reconciling");

    private static readonly Counter<long> Adds = Meter.CreateCounter<long>(
        "workqueue_adds_total", description: "Total number of adds handled by workqueue");

    private static readonly UpDownCounter<long> Depth = Meter.CreateUpDownCounter<long>(
        "workqueue_depth", description: "Current depth of workqueue");

    private static readonly Counter<long> Retries = Meter.CreateCounter<long>(
        "workqueue_retries_total", description: "Total number of retries handled by workqueue");

    private static readonly Histogram<double> Durations = Meter.CreateHistogram(
        "workqueue_work_duration_seconds", "s", "How long in seconds processing an item from workqueue takes.",
        advice: Bounds);

    private static readonly Histogram<double> Waits = Meter.CreateHistogram(
        "workqueue_queue_duration_seconds", "s",
        "How long in seconds an item stays in workqueue before being requested.", advice: Bounds);

    private readonly KeyValuePair<string, object?> _name;

    /// <param name="plural">The resource: its queue is called as upstream's controller, in the singular.</param>
    public ReconcileMeter(string plural) => _name = new("name", plural.EndsWith('s') ? plural[..^1] : plural);

    /// <summary>A step was asked for; several at a time are one.</summary>
    public void Added()
    {
        Adds.Add(1, _name);
        Depth.Add(1, _name);
    }

    /// <summary>What was asked for begins, or will not.</summary>
    public void Taken() => Depth.Add(-1, _name);

    /// <summary>What was asked for has waited so long, and begins.</summary>
    public void Begun(TimeSpan waited) => Waits.Record(waited.TotalSeconds, _name);

    public void Ended(TimeSpan took) => Durations.Record(took.TotalSeconds, _name);

    public void Retried() => Retries.Add(1, _name);
}
