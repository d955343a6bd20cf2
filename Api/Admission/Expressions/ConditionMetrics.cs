using System.Diagnostics.Metrics;
using OrleansOrchestrator.Api.Admission.Matching;
using static OrleansOrchestrator.Api.Kernel.MetricTags;

namespace OrleansOrchestrator.Api.Admission.Expressions;

/// <summary>Whose conditions are evaluated, in the words of metrics.</summary>
/// <param name="Name">The webhook or the policy.</param>
/// <param name="Kind"><c>webhook</c> or <c>policy</c>.</param>
/// <param name="Type"><c>admit</c> or <c>validate</c>.</param>
internal readonly record struct ConditionsOwner(string Name, string Kind, string Type)
{
    /// <summary>A policy; upstream calls the conditions of mutating ones so, too.</summary>
    public static ConditionsOwner Policy(string name) => new(name, "policy", "validate");
}

/// <summary>What is counted of match conditions, under upstream's names.</summary>
internal sealed class ConditionMetrics
{
    private const string Prefix = "apiserver_admission_match_condition_";

    private static readonly InstrumentAdvice<double> Buckets =
        new() { HistogramBucketBoundaries = [0.005, 0.025, 0.1, 0.5, 1, 2.5] };

    private readonly Histogram<double> _durations;
    private readonly Counter<long> _errors;
    private readonly Counter<long> _exclusions;

    public ConditionMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("OrleansOrchestrator.Api.Admission");
        _durations = meter.CreateHistogram(
            Prefix + "evaluation_seconds", "s",
            "Admission match condition evaluation time, by name, kind, type and operation.", advice: Buckets);
        _errors = meter.CreateCounter<long>(
            Prefix + "evaluation_errors_total",
            description: "Admission match condition evaluation errors, by name, kind, type and operation.");
        _exclusions = meter.CreateCounter<long>(
            Prefix + "exclusions_total",
            description: "Admission match condition exclusions, by name, kind, type and operation.");
    }

    /// <summary>Conditions were evaluated.</summary>
    public void Evaluated(in ConditionsOwner owner, AdmissionOperation operation, in ConditionsResult result)
    {
        var (name, kind, type, done) = Tags(owner, operation);
        _durations.Record(result.Elapsed.TotalSeconds, name, kind, type, done);
        if (result.Errors > 0)
        {
            _errors.Add(result.Errors, name, kind, type, done);
        }
    }

    /// <summary>Nobody was asked, because conditions do not hold.</summary>
    public void Excluded(in ConditionsOwner owner, AdmissionOperation operation)
    {
        var (name, kind, type, done) = Tags(owner, operation);
        _exclusions.Add(1, name, kind, type, done);
    }

    private static (KeyValuePair<string, object?> Name, KeyValuePair<string, object?> Kind,
        KeyValuePair<string, object?> Type, KeyValuePair<string, object?> Operation) Tags(
        in ConditionsOwner owner, AdmissionOperation operation) => (
        Tag("name", owner.Name), Tag("kind", owner.Kind), Tag("type", owner.Type),
        Tag("operation", operation.Word()));
}
