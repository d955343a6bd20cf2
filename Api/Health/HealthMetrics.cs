using System.Diagnostics.Metrics;
using static OrleansOrchestrator.Api.Kernel.MetricTags;

namespace OrleansOrchestrator.Api.Health;

/// <summary>
/// What came of each check, under upstream's names, when all checks of an endpoint were asked for; one that was asked
/// for by its own path, or was excluded, is not counted.
/// </summary>
public sealed class HealthMetrics
{
    /// <summary>The meter's name.</summary>
    internal const string MeterName = "OrleansOrchestrator.Api.Health";

    private readonly Gauge<int> _latest;
    private readonly Counter<long> _all;

    public HealthMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _latest = meter.CreateGauge<int>(
            "kubernetes_healthcheck", description: "[STABLE] This metric records the result of a single healthcheck.");
        _all = meter.CreateCounter<long>(
            "kubernetes_healthchecks_total",
            description: "[STABLE] This metric records the results of all healthcheck.");
    }

    /// <summary>A check was asked.</summary>
    /// <param name="name">Which.</param>
    /// <param name="endpoint"><c>livez</c>, <c>readyz</c> or <c>healthz</c>.</param>
    /// <param name="isContent">What it said.</param>
    internal void Asked(string name, string endpoint, bool isContent)
    {
        _latest.Record(isContent ? 1 : 0, Tag("name", name), Tag("type", endpoint));
        _all.Add(1, Tag("name", name), Tag("status", isContent ? "success" : "error"), Tag("type", endpoint));
    }
}
