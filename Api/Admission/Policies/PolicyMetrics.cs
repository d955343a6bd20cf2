using System.Diagnostics.Metrics;
using OrleansOrchestrator.Api.Admission.Expressions;
using static OrleansOrchestrator.Api.Kernel.MetricTags;

namespace OrleansOrchestrator.Api.Admission.Policies;

/// <summary>What is counted of policies, under upstream's names.</summary>
internal sealed class PolicyMetrics
{
    /// <summary>From what a simple expression takes to what the dearest one does: upstream's.</summary>
    private static readonly InstrumentAdvice<double> Buckets =
        new() { HistogramBucketBoundaries = [0.0000005, 0.001, 0.01, 0.1, 1] };

    private readonly Counter<long> _validations;
    private readonly Histogram<double> _validationTimes;
    private readonly Counter<long> _mutations;
    private readonly Histogram<double> _mutationTimes;

    public PolicyMetrics(IMeterFactory meters, ConditionMetrics conditions)
    {
        Conditions = conditions;
        var meter = meters.Create("OrleansOrchestrator.Api.Admission");
        _validations = meter.CreateCounter<long>(
            "apiserver_validating_admission_policy_check_total",
            description: "Validation admission policy checks, by policy, binding, error and enforcement action.");
        _validationTimes = meter.CreateHistogram(
            "apiserver_validating_admission_policy_check_duration_seconds", "s",
            "Validation admission latency of expressions, by policy, binding, error and enforcement action.",
            advice: Buckets);
        _mutations = meter.CreateCounter<long>(
            "apiserver_mutating_admission_policy_check_total",
            description: "Mutation admission policy checks, by policy, binding and error.");
        _mutationTimes = meter.CreateHistogram(
            "apiserver_mutating_admission_policy_check_duration_seconds", "s",
            "Mutation admission latency of mutations, by policy, binding and error.", advice: Buckets);
    }

    public ConditionMetrics Conditions { get; }

    /// <summary>A validation does not hold, or went wrong; those that hold are not counted.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="binding">The binding.</param>
    /// <param name="action"><c>deny</c>, <c>audit</c>, <c>warn</c>, or <c>allow</c> for what is ignored.</param>
    /// <param name="denial">What it says.</param>
    public void Validated(string policy, string binding, string action, in PolicyDenial denial)
    {
        var error = Tag("error_type", ErrorType(denial.Message));
        _validations.Add(
            1, Tag("policy", policy), Tag("policy_binding", binding), error, Tag("enforcement_action", action));
        _validationTimes.Record(
            denial.Elapsed.TotalSeconds, Tag("policy", policy), Tag("policy_binding", binding), error,
            Tag("enforcement_action", action));
    }

    /// <summary>A mutation was made, or went wrong.</summary>
    public void Mutated(string policy, string binding, string? error, TimeSpan elapsed)
    {
        var type = Tag("error_type", error is null ? "no_error" : ErrorType(error));
        _mutations.Add(1, Tag("policy", policy), Tag("policy_binding", binding), type);
        _mutationTimes.Record(elapsed.TotalSeconds, Tag("policy", policy), Tag("policy_binding", binding), type);
    }

    /// <summary>Told from its words, as upstream does: a plain denial is <c>invalid_error</c>, too.</summary>
    private static string ErrorType(string message) =>
        message.StartsWith("compilation", StringComparison.Ordinal) ? "compile_error"
        : message.StartsWith(CostBudget.OutOfBudget, StringComparison.Ordinal) ? "out_of_budget"
        : "invalid_error";
}
