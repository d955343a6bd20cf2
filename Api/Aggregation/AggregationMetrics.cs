using System.Diagnostics.Metrics;
using static OrleansOrchestrator.Api.Kernel.MetricTags;

namespace OrleansOrchestrator.Api.Aggregation;

/// <summary>Shows which APIServices are not available, under upstream's name.</summary>
internal sealed class AggregationMetrics
{
    public AggregationMetrics(IMeterFactory meters, RemoteApiBook book) =>
        meters.Create("OrleansOrchestrator.Api.Aggregation").CreateObservableGauge(
            "aggregator_unavailable_apiservice",
            () => book.Availability().Select(static a => new Measurement<int>(
                a.IsAvailable ? 0 : 1, Tag("name", a.Name))),
            description: "Gauge of APIServices which are marked as unavailable broken down by APIService name.");
}
