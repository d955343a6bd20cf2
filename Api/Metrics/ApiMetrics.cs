using System.Diagnostics.Metrics;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using static OrleansOrchestrator.Api.Kernel.MetricTags;

namespace OrleansOrchestrator.Api.Metrics;

/// <summary>
/// What the API counts. Names and labels are upstream's where it has them, so that dashboards made for it work.
/// </summary>
public sealed class ApiMetrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "OrleansOrchestrator.Api";

    // Upstream's.
    private static readonly double[] Durations =
        [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

    private static readonly double[] Sizes = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

    private readonly Counter<long> _requests;
    private readonly Histogram<double> _durations;
    private readonly Histogram<double> _ownDurations;
    private readonly Histogram<double> _sizes;
    private readonly UpDownCounter<long> _longRunning;
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _terminated;
    private readonly Counter<long> _aborted;
    private readonly Gauge<int> _deprecated;
    private readonly Meter _meter;
    private readonly RequestLabels _labels;

    /// <param name="meters">This host's: two hosts in one process count apart.</param>
    /// <param name="catalog">What is served.</param>
    public ApiMetrics(IMeterFactory meters, ResourceCatalog catalog)
    {
        _labels = new RequestLabels(catalog);
        var meter = _meter = meters.Create(MeterName);
        _requests = meter.CreateCounter<long>(
            "apiserver_request_total",
            description: "[STABLE] Counter of apiserver requests broken out for each verb, dry run value, group, "
            + "version, resource, scope, component, and HTTP response code.");
        _durations = meter.CreateHistogram(
            "apiserver_request_duration_seconds", "s",
            "[STABLE] Response latency distribution in seconds for each verb, dry run value, group, version, "
            + "resource, subresource, scope and component.",
            advice: Bounds(Durations));
        _ownDurations = meter.CreateHistogram(
            "apiserver_request_sli_duration_seconds", "s",
            "[ALPHA] Response latency distribution (not counting webhook duration and priority & fairness queue wait "
            + "times) in seconds for each verb, group, version, resource, subresource, scope and component.",
            advice: Bounds(Durations[2..]));
        _sizes = meter.CreateHistogram(
            "apiserver_response_sizes", null,
            "[STABLE] Response size distribution in bytes for each group, version, verb, resource, subresource, "
            + "scope and component.",
            advice: Bounds(Sizes));
        _longRunning = meter.CreateUpDownCounter<long>(
            "apiserver_longrunning_requests",
            description: "[STABLE] Gauge of all active long-running apiserver requests broken out by verb, group, "
            + "version, resource, scope and component. Not all requests are tracked this way.");
        _dropped = meter.CreateCounter<long>(
            "apiserver_dropped_requests_total", description: "Requests turned away because there were too many.");
        _terminated = meter.CreateCounter<long>(
            "apiserver_request_terminations_total", description: "Requests ended to protect the server.");
        _aborted = meter.CreateCounter<long>(
            "apiserver_request_aborts_total", description: "Requests cut off while they were answered.");
        _deprecated = meter.CreateGauge<int>(
            "apiserver_requested_deprecated_apis",
            description: "[STABLE] Gauge of deprecated APIs that have been requested, broken out by API group, "
            + "version, resource, subresource, and removed_release.");
        WatchEvents = new WatchEvents(meter);
    }

    /// <summary>What watches send.</summary>
    internal WatchEvents WatchEvents { get; }

    /// <summary>Counts a request that lasts as long as its client wants, until disposed.</summary>
    public IDisposable CountLongRunning(RequestInfo request) => new LongRunning(_longRunning, _labels.Of(request, 200));

    /// <summary>
    /// Shows how many requests are being answered, and how many wait, by kind; asked for only when somebody looks.
    /// </summary>
    public void ObserveRequests(
        Func<IEnumerable<Measurement<int>>> answered, Func<IEnumerable<Measurement<int>>> waiting)
    {
        _meter.CreateObservableGauge(
            "apiserver_current_inflight_requests", answered,
            description: "[STABLE] Number of requests being answered now, long-running ones excepted, per request "
            + "kind.");
        _meter.CreateObservableGauge(
            "apiserver_current_inqueue_requests", waiting, description: "Requests that wait to be answered.");
    }

    /// <summary>A request was turned away because there were too many of its kind.</summary>
    public void Drop(string requestKind, RequestInfo request)
    {
        _dropped.Add(1, Tag("request_kind", requestKind));
        Terminate(request, 429);
    }

    /// <summary>A request was ended to protect the server.</summary>
    public void Terminate(RequestInfo request, int statusCode)
    {
        var labels = _labels.Of(request, statusCode);
        KeyValuePair<string, object?>[] own = [.. labels.AsSpan(0, RequestLabels.Common), labels[^1]];
        _terminated.Add(1, own);
    }

    /// <summary>A request was cut off while it was answered.</summary>
    public void Abort(RequestInfo request) =>
        _aborted.Add(1, _labels.Of(request, 504).AsSpan(0, RequestLabels.Common - 1));

    /// <summary>Somebody uses what is deprecated.</summary>
    public void Deprecate(RequestInfo request) => _deprecated.Record(
        1, Tag("group", request.Group), Tag("version", request.Version), Tag("resource", request.Resource),
        Tag("subresource", request.Subresource), Tag("removed_release", ""));

    /// <summary>A request is over.</summary>
    /// <param name="request">Its reading; null when it could not be read.</param>
    /// <param name="end">How it ended.</param>
    public void End(RequestInfo? request, in RequestEnd end)
    {
        var labels = _labels.Of(request, end.StatusCode, end.DryRun, end.IsApply).AsSpan();
        var common = labels[..RequestLabels.Common];
        _requests.Add(1, labels);
        _durations.Record(end.Elapsed.TotalSeconds, labels[..^1]);
        _ownDurations.Record((end.Elapsed - end.Waited).TotalSeconds, common);
        if (end.Bytes is { } bytes && request is { Verb: "get" or "list" })
        {
            _sizes.Record(bytes, common);
        }
    }

    private static InstrumentAdvice<double> Bounds(double[] bounds) => new() { HistogramBucketBoundaries = bounds };

    private sealed class LongRunning : IDisposable
    {
        private readonly UpDownCounter<long> _open;
        private readonly KeyValuePair<string, object?>[] _labels;

        public LongRunning(UpDownCounter<long> open, KeyValuePair<string, object?>[] labels)
        {
            (_open, _labels) = (open, labels);
            _open.Add(1, _labels.AsSpan(0, RequestLabels.Common));
        }

        public void Dispose() => _open.Add(-1, _labels.AsSpan(0, RequestLabels.Common));
    }
}
