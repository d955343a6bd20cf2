using System.Diagnostics.Metrics;
using static OrleansOrchestrator.Api.Kernel.MetricTags;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>How long admission takes, under upstream's names.</summary>
public sealed class AdmissionMetrics
{
    /// <summary>The mutating round, in metrics.</summary>
    internal const string Admit = "admit";

    /// <summary>The validating round.</summary>
    internal const string Validate = "validate";

    private static readonly InstrumentAdvice<double> Buckets =
        new() { HistogramBucketBoundaries = [0.005, 0.025, 0.1, 0.5, 1, 2.5] };

    private readonly Histogram<double> _plugins;
    private readonly Histogram<double> _rounds;

    public AdmissionMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("OrleansOrchestrator.Api.Admission");
        _plugins = meter.CreateHistogram(
            "apiserver_admission_controller_admission_duration_seconds", "s",
            "Admission controller latency, by name, operation and type (validate or admit).", advice: Buckets);
        _rounds = meter.CreateHistogram(
            "apiserver_admission_step_admission_duration_seconds", "s",
            "Admission sub-step latency, by operation and type (validate or admit).", advice: Buckets);
    }

    /// <summary>A plugin has looked at a write.</summary>
    internal void Asked(
        IAdmissionPlugin plugin, string type, AdmissionOperation operation, bool isRejected, TimeSpan elapsed) =>
        _plugins.Record(
            elapsed.TotalSeconds, Tag("name", plugin.Name), Tag("type", type),
            Tag("operation", operation.Word()), Tag("rejected", isRejected ? "true" : "false"));

    /// <summary>All plugins have.</summary>
    internal void Ended(string type, AdmissionOperation operation, bool isRejected, TimeSpan elapsed) =>
        _rounds.Record(
            elapsed.TotalSeconds, Tag("type", type), Tag("operation", operation.Word()),
            Tag("rejected", isRejected ? "true" : "false"));
}
