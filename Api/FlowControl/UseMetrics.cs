using System.Diagnostics.Metrics;
using OrleansOrchestrator.Api.Metrics;

namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>Upstream's histograms of how much was in use for how long, read when somebody looks.</summary>
internal static class UseMetrics
{
    private const string Moments = "Observations, at the end of every nanosecond, of ";

    private static readonly KeyValuePair<string, object?> Waiting = new("phase", "waiting");
    private static readonly KeyValuePair<string, object?> Executing = new("phase", "executing");

    public static void Observe(Meter meter, string prefix, FlowController flows, RequestPhases requests)
    {
        _ = new ObservedHistogram(
            meter, prefix + "priority_level_seat_utilization",
            Moments + "utilization of seats for any stage of execution (but only initial stage for WATCHes)",
            LevelUse.SeatBounds, () => Levels(flows, Executing, static u => u.Seats));
        _ = new ObservedHistogram(
            meter, prefix + "priority_level_request_utilization",
            Moments + "number of requests waiting or in any stage of execution, of the places in queues or the seats",
            LevelUse.RequestBounds,
            () => Levels(flows, Executing, static u => u.Executing)
                .Concat(Levels(flows, Waiting, static u => u.Waiting)));
        _ = new ObservedHistogram(
            meter, prefix + "demand_seats",
            Moments + "(the number of seats each priority level could use) / (its current limit)",
            LevelUse.DemandBounds, () => Levels(flows, null, static u => u.Demand));
        _ = new ObservedHistogram(
            meter, prefix + "read_vs_write_current_requests",
            Moments + "the number of requests waiting or in regular stage of execution",
            RequestPhases.Bounds,
            () =>
            [
                Of(requests, RequestPhase.Waiting, true), Of(requests, RequestPhase.Waiting, false),
                Of(requests, RequestPhase.Executing, true), Of(requests, RequestPhase.Executing, false),
            ]);
    }

    /// <summary>How metrics name what reads and what writes.</summary>
    public static string KindOf(bool isRead) => isRead ? "readOnly" : "mutating";

    private static IEnumerable<HistogramReading> Levels(
        FlowController flows, KeyValuePair<string, object?>? phase, Func<LevelUse, TimedRatio> part) =>
        flows.Plan.Levels.Select(level =>
        {
            var (sum, cumulative) = level.Queues.Read(part);
            KeyValuePair<string, object?> name = new("priority_level", level.Name);
            return new HistogramReading(phase is { } known ? [known, name] : [name], sum, cumulative);
        });

    private static HistogramReading Of(RequestPhases requests, RequestPhase phase, bool isRead)
    {
        var (sum, cumulative) = requests.Read(phase, isRead);
        return new HistogramReading(
            [phase == RequestPhase.Waiting ? Waiting : Executing, new("request_kind", KindOf(isRead))],
            sum, cumulative);
    }
}
