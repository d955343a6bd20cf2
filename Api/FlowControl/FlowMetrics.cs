using System.Diagnostics.Metrics;
using OrleansOrchestrator.Api.Metrics;

namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>
/// What upstream's metrics of the same names show. What levels and flows count on their own is read only when somebody
/// looks; what has a distribution is measured request by request.
/// </summary>
public sealed class FlowMetrics
{
    private const string Prefix = "apiserver_flowcontrol_";
    private static readonly double[] Durations = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];

    private readonly Histogram<double> _waits;
    private readonly Histogram<double> _runs;
    private readonly Histogram<int> _seats;
    private readonly Histogram<int> _queues;
    private readonly Histogram<int> _watches;

    public FlowMetrics(IMeterFactory meters, FlowController flows, RequestPhases requests)
    {
        var meter = meters.Create(ApiMetrics.MeterName);
        _waits = meter.CreateHistogram(
            Prefix + "request_wait_duration_seconds", "s", "Length of time a request spent waiting in its queue",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Durations });
        _runs = meter.CreateHistogram(
            Prefix + "request_execution_seconds", "s",
            "Duration of initial stage (for a WATCH) or any (for a non-WATCH) stage of request execution",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Durations });
        _seats = meter.CreateHistogram(
            Prefix + "work_estimated_seats", null, "Seats that requests are estimated to need",
            advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 10] });
        _queues = meter.CreateHistogram(
            Prefix + "request_queue_length_after_enqueue", null,
            "Length of queue, as seen by each request after it is enqueued",
            advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [0, 10, 25, 50, 100, 250, 500, 1000] });
        _watches = meter.CreateHistogram(
            Prefix + "watch_count_samples", null, "Count of watchers for mutating requests",
            advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [0, 1, 10, 100, 1000, 10000] });
        ObserveFlows(meter, flows);
        ObserveLevels(meter, flows);
        UseMetrics.Observe(meter, Prefix, flows, requests);
        ObserveBounds(
            meter, flows, "next_s_bounds", "S(oldest waiting request in queue)",
            static b => (b.Least, b.Greatest));
        ObserveBounds(
            meter, flows, "next_discounted_s_bounds",
            "S(oldest waiting request in queue) - estimated work in progress",
            static b => (b.LeastLess, b.GreatestLess));
    }

    /// <summary>A write is likely to reach so many watches.</summary>
    internal void Watch(Flow flow, int watches) => _watches.Record(watches, flow.Tags);

    /// <summary>A request has asked for seats.</summary>
    /// <param name="flow">To which it belongs.</param>
    /// <param name="estimate">How many.</param>
    /// <param name="verdict">What it was told.</param>
    /// <param name="queued">Its place in a queue; null when it passed without, as if it had been alone there.</param>
    internal void Ask(Flow flow, in SeatEstimate estimate, SeatVerdict verdict, QueuedRequest? queued)
    {
        if (_queues.Enabled && flow.Level.Settings.Queues > 0 && verdict != SeatVerdict.QueueFull)
        {
            _queues.Record(queued?.Position ?? 1, flow.Tags);
        }

        if (_seats.Enabled)
        {
            _seats.Record(estimate.Seats, flow.Tags);
        }

        if (verdict != SeatVerdict.Queued && !flow.Level.Settings.IsExempt)
        {
            Wait(flow, TimeSpan.Zero, verdict);
        }
    }

    /// <summary>A request has waited.</summary>
    internal void Wait(Flow flow, TimeSpan waited, SeatVerdict verdict)
    {
        if (_waits.Enabled)
        {
            _waits.Record(
                waited.TotalSeconds, flow.Tags[0], flow.Tags[1],
                new("execute", verdict == SeatVerdict.Seated ? "true" : "false"));
        }
    }

    /// <summary>A request has run.</summary>
    internal void Run(Flow flow, TimeSpan ran, bool isWatch)
    {
        if (_runs.Enabled)
        {
            _runs.Record(
                ran.TotalSeconds, flow.Tags[0], flow.Tags[1], new("type", isWatch ? "watch" : "regular"));
        }
    }

    private static void ObserveFlows(Meter meter, FlowController flows)
    {
        Count("dispatched_requests_total", "Number of requests executed", static s => s.Dispatched);
        Count(
            "request_dispatch_no_accommodation_total",
            "Number of times a dispatch attempt found too few seats", static s => s.NoAccommodation);
        Show("current_inqueue_requests", "Number of requests currently pending in queues", static s => s.Waiting);
        Show("current_inqueue_seats", "Number of seats currently pending in queues", static s => s.WaitingSeats);
        Show("current_executing_requests", "Number of requests in execution", static s => s.Executing);
        Show("current_executing_seats", "Seats of the requests in execution", static s => s.ExecutingSeats);
        meter.CreateObservableCounter(
            Prefix + "rejected_requests_total",
            () => flows.Plan.Flows.SelectMany(static f => Rejections(f)), null, "Number of requests rejected");

        void Count(string name, string text, Func<FlowStats, long> read) => meter.CreateObservableCounter(
            Prefix + name, () => flows.Plan.Flows.Select(f => new Measurement<long>(read(f.Stats), f.Tags)), null,
            text);

        void Show(string name, string text, Func<FlowStats, int> read) => meter.CreateObservableGauge(
            Prefix + name, () => flows.Plan.Flows.Select(f => new Measurement<int>(read(f.Stats), f.Tags)), null, text);
    }

    private static void ObserveBounds(
        Meter meter, FlowController flows, string name, string text,
        Func<StartBounds, (double Least, double Greatest)> read) => meter.CreateObservableGauge(
        Prefix + name, () => flows.Plan.Levels.Where(static l => l.Settings.Queues > 0).SelectMany(l =>
        {
            var (least, greatest) = read(l.Queues.View().LastBounds);
            return new Measurement<double>[]
            {
                new(least, new("priority_level", l.Name), new("bound", "min")),
                new(greatest, new("priority_level", l.Name), new("bound", "max")),
            };
        }),
        null, $"min and max, over queues, of {text}");

    private static IEnumerable<Measurement<long>> Rejections(Flow flow)
    {
        (string Reason, long Count)[] all =
        [
            ("concurrency-limit", flow.Stats.NoSeat), ("queue-full", flow.Stats.QueueFull),
            ("time-out", flow.Stats.TimedOut), ("cancelled", flow.Stats.Cancelled),
        ];
        return all.Where(static r => r.Count > 0).Select(r => new Measurement<long>(
            r.Count, flow.Tags[0], flow.Tags[1], new("reason", r.Reason)));
    }

    private static void ObserveLevels(Meter meter, FlowController flows)
    {
        Show("nominal_limit_seats", "Nominal number of execution seats", static l => l.Nominal);
        Show("lower_limit_seats", "Configured lower bound on number of execution seats", static l => l.Lower);
        Show("upper_limit_seats", "Configured upper bound on number of execution seats", static l => l.Upper);
        Show("current_limit_seats", "Current derived number of execution seats", static l => l.Current);
        Show("target_seats", "Seat allocation targets", static l => l.Target);
        Show(
            "demand_seats_high_watermark", "High watermark, over last adjustment period, of demand",
            static l => l.Demand?.HighWatermark ?? 0);
        Show(
            "demand_seats_average", "Time-weighted average, over last adjustment period, of demand",
            static l => l.Demand?.Average ?? 0);
        Show(
            "demand_seats_stdev", "Time-weighted standard deviation, over last adjustment period, of demand",
            static l => l.Demand?.Deviation ?? 0);
        Show("demand_seats_smoothed", "Smoothed seat demands", static l => l.Demand?.Smoothed ?? 0);
        Show("current_r", "R(time of last change)", static l => l.Queues.View().Progress);
        Show("dispatch_r", "R(time of last dispatch)", static l => l.Queues.View().LastDispatch);
        Show("latest_s", "S(most recently dispatched request)", static l => l.Queues.View().LastStart);
        meter.CreateObservableCounter(
            Prefix + "epoch_advance_total",
            () => flows.Plan.Levels.Select(static l => new Measurement<long>(
                l.Queues.View().Epochs, new("priority_level", l.Name), new("success", "true"))),
            null, "Number of times the queueset's progress meter jumped backward");
        meter.CreateObservableGauge(
            Prefix + "seat_fair_frac", () => flows.FairFraction, null,
            "Fair fraction of server's concurrency to allocate to each priority level that can use it");

        void Show(string name, string text, Func<PriorityLevel, double> read) => meter.CreateObservableGauge(
            Prefix + name,
            () => flows.Plan.Levels.Select(
                l => new Measurement<double>(read(l), new KeyValuePair<string, object?>("priority_level", l.Name))),
            null,
            text);
    }
}
