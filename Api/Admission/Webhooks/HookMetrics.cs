using System.Diagnostics.Metrics;
using System.Globalization;
using static OrleansOrchestrator.Api.Kernel.MetricTags;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>What is counted of webhooks, under upstream's names.</summary>
internal sealed class HookMetrics
{
    private const int MostCode = 600;

    private static readonly InstrumentAdvice<double> Buckets =
        new() { HistogramBucketBoundaries = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25] };

    private readonly Histogram<double> _durations;
    private readonly Counter<long> _rejections;
    private readonly Counter<long> _failedOpen;
    private readonly Counter<long> _requests;

    public HookMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("OrleansOrchestrator.Api.Admission");
        _durations = meter.CreateHistogram(
            "apiserver_admission_webhook_admission_duration_seconds", "s",
            "Admission webhook latency, by name, operation and type (validating or admit).", advice: Buckets);
        _rejections = meter.CreateCounter<long>(
            "apiserver_admission_webhook_rejection_count",
            description: "Admission webhook rejection count, by name, type, operation, and what went wrong.");
        _failedOpen = meter.CreateCounter<long>(
            "apiserver_admission_webhook_fail_open_count",
            description: "Admission webhook fail open count, by name and type.");
        _requests = meter.CreateCounter<long>(
            "apiserver_admission_webhook_request_total",
            description: "Admission webhook request total, by name, type, operation, code and rejection.");
    }

    /// <summary>A webhook was asked.</summary>
    /// <param name="hook">Which.</param>
    /// <param name="step">In which step.</param>
    /// <param name="operation">What the write does.</param>
    /// <param name="result">What came of it.</param>
    /// <param name="elapsed">How long it took.</param>
    public void Asked(AdmissionHook hook, HookStep step, string operation, in HookResult result, TimeSpan elapsed)
    {
        var type = step.Questions;
        var isRejected = result.Kind != HookResultKind.Answered
            && (result.Kind != HookResultKind.NotAsked || !hook.IgnoresFailures);
        var code = Text(result.Code);
        var rejected = isRejected ? "true" : "false";
        if (isRejected)
        {
            _rejections.Add(
                1, Tag("name", hook.Name), Tag("type", type), Tag("operation", operation),
                Tag("error_type", ErrorType(result.Kind)), Tag("rejection_code", code));
        }

        _requests.Add(
            1, Tag("name", hook.Name), Tag("type", type), Tag("operation", operation), Tag("code", code),
            Tag("rejected", rejected));
        _durations.Record(
            elapsed.TotalSeconds, Tag("name", hook.Name), Tag("type", type), Tag("operation", operation),
            Tag("rejected", rejected));
    }

    /// <summary>A webhook that could not be asked had no objection.</summary>
    public void FailedOpen(AdmissionHook hook, HookStep step) =>
        _failedOpen.Add(1, Tag("name", hook.Name), Tag("type", step.Questions));

    private static string ErrorType(HookResultKind kind) => kind switch
    {
        HookResultKind.NotAsked => "calling_webhook_error",
        HookResultKind.Denied => "no_error",
        _ => "apiserver_internal_error",
    };

    private static string Text(int code) => Math.Min(code, MostCode).ToString(CultureInfo.InvariantCulture);
}
