using System.Diagnostics.Metrics;
using OrleansOrchestrator.Resources.Kernel;
using static OrleansOrchestrator.Api.Kernel.MetricTags;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>What is counted of acting as somebody else, under upstream's names.</summary>
public sealed class ImpersonationMetrics
{
    private static readonly InstrumentAdvice<double> Durations = Buckets.Growing(0.001, 2, 15);

    private readonly Counter<long> _attempts;
    private readonly Histogram<double> _attemptDurations;
    private readonly Counter<long> _rights;
    private readonly Histogram<double> _rightDurations;

    /// <param name="meters">This host's.</param>
    public ImpersonationMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("OrleansOrchestrator.Api.Impersonation");
        _attempts = meter.CreateCounter<long>(
            "apiserver_impersonation_attempts_total",
            description: "Total number of impersonation attempts split by mode and decision.");
        _attemptDurations = meter.CreateHistogram(
            "apiserver_impersonation_attempts_duration_seconds", "s",
            "Latency of impersonation attempts in seconds split by mode and decision.", advice: Durations);
        _rights = meter.CreateCounter<long>(
            "apiserver_impersonation_authorization_attempts_total",
            description: "Total number of authorization checks made by the impersonation handler split by mode and "
                + "decision.");
        _rightDurations = meter.CreateHistogram(
            "apiserver_impersonation_authorization_attempts_duration_seconds", "s",
            "Latency of authorization checks made by the impersonation handler in seconds split by mode and decision.",
            advice: Durations);
    }

    /// <summary>Somebody wanted to act as somebody else.</summary>
    /// <param name="mode">By which mode that is allowed; null when it is not.</param>
    /// <param name="elapsed">How long it took to say so.</param>
    internal void Attempted(string? mode, TimeSpan elapsed) =>
        Count(_attempts, _attemptDurations, mode ?? "", mode is not null, elapsed);

    /// <summary>A right was asked for.</summary>
    internal void Asked(string mode, bool isAllowed, TimeSpan elapsed) =>
        Count(_rights, _rightDurations, mode, isAllowed, elapsed);

    private static void Count(
        Counter<long> count, Histogram<double> durations, string mode, bool isAllowed, TimeSpan elapsed)
    {
        var (of, decision) = (Tag("mode", mode), Tag("decision", isAllowed ? "allowed" : "denied"));
        count.Add(1, of, decision);
        durations.Record(elapsed.TotalSeconds, of, decision);
    }
}
