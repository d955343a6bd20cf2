using System.Diagnostics.Metrics;
using static OrleansOrchestrator.Api.Kernel.MetricTags;

namespace OrleansOrchestrator.Api.Auth.Modes;

/// <summary>What is counted of authorization, under upstream's names.</summary>
public sealed class AuthorizationMetrics
{
    private readonly Counter<long> _decisions;
    private readonly Counter<long> _evaluations;
    private readonly Histogram<double> _durations;
    private readonly Counter<long> _failedOpen;
    private readonly Counter<long> _matchFailures;
    private readonly Counter<long> _exclusions;
    private readonly Histogram<double> _matchDurations;

    /// <param name="meters">This host's.</param>
    public AuthorizationMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("OrleansOrchestrator.Api.Auth.Modes");
        _decisions = meter.CreateCounter<long>(
            "apiserver_authorization_decisions_total",
            description: "Terminal decisions of authorizers, by type, name and decision.");
        _evaluations = meter.CreateCounter<long>(
            "apiserver_authorization_webhook_evaluations_total",
            description: "Round-trips to authorization webhooks, by name and result.");
        _durations = meter.CreateHistogram(
            "apiserver_authorization_webhook_duration_seconds", "s", "Request latency in seconds, by name and result.",
            advice: new InstrumentAdvice<double>
            {
                HistogramBucketBoundaries = [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10],
            });
        _failedOpen = meter.CreateCounter<long>(
            "apiserver_authorization_webhook_evaluations_fail_open_total",
            description: "NoOpinion results due to webhook timeout or error, by name and result.");
        _matchFailures = meter.CreateCounter<long>(
            "apiserver_authorization_match_condition_evaluation_errors_total",
            description: "Errors of match conditions of webhooks, by type and name.");
        _exclusions = meter.CreateCounter<long>(
            "apiserver_authorization_match_condition_exclusions_total",
            description: "Requests of which match conditions kept a webhook from being asked, by type and name.");
        _matchDurations = meter.CreateHistogram(
            "apiserver_authorization_match_condition_evaluation_seconds", "s",
            "Time that match conditions took, by type and name.",
            advice: new InstrumentAdvice<double>
            {
                HistogramBucketBoundaries = [.001, .005, .01, .025, .1, .2, .25],
            });
    }

    /// <summary>An authorizer has decided, for all.</summary>
    public void Decided(AuthorizerSettings authorizer, bool isAllowed) => _decisions.Add(
        1, Tag("type", authorizer.Type), Tag("name", authorizer.Name),
        Tag("decision", isAllowed ? "allowed" : "denied"));

    /// <summary>A webhook was asked.</summary>
    public void Asked(string name, string result, TimeSpan elapsed)
    {
        _evaluations.Add(1, Tag("name", name), Tag("result", result));
        _durations.Record(elapsed.TotalSeconds, Tag("name", name), Tag("result", result));
    }

    /// <summary>A webhook that could not be asked has no opinion.</summary>
    public void FailedOpen(string name, string result) =>
        _failedOpen.Add(1, Tag("name", name), Tag("result", result));

    /// <summary>Match conditions were evaluated.</summary>
    public void Matched(string name, bool matches, bool failed, TimeSpan elapsed)
    {
        var (type, of) = (Tag("type", AuthorizerTypes.Webhook), Tag("name", name));
        _matchDurations.Record(elapsed.TotalSeconds, type, of);
        if (failed)
        {
            _matchFailures.Add(1, type, of);
        }
        else if (!matches)
        {
            _exclusions.Add(1, type, of);
        }
    }
}
