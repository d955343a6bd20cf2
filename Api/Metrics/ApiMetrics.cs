using System.Diagnostics;
using System.Diagnostics.Metrics;
using OrleansOrchestrator.Api.Pipeline;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Metrics;

/// <summary>
/// What the API counts. Names and labels are upstream's where it has them, so that dashboards made for it work.
/// </summary>
public sealed class ApiMetrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "OrleansOrchestrator.Api";

    private readonly Counter<long> _requests;
    private readonly Histogram<double> _durations;
    private readonly UpDownCounter<long> _watchers;
    private readonly UpDownCounter<long> _inFlight;

    /// <param name="meters">This host's: two hosts in one process count apart.</param>
    public ApiMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _requests = meter.CreateCounter<long>(
            "apiserver_request_total", description: "Requests by verb, resource and status code.");
        _durations = meter.CreateHistogram<double>(
            "apiserver_request_duration_seconds", "s", "Time from request to answer, watches excepted.");
        _watchers = meter.CreateUpDownCounter<long>(
            "apiserver_longrunning_requests", description: "Open watches by resource.");
        _inFlight = meter.CreateUpDownCounter<long>(
            "apiserver_current_inflight_requests", description: "Requests being answered.");
    }

    /// <summary>Counts an open watch until disposed.</summary>
    public IDisposable CountWatcher(ResourceDefinition definition) => new OpenWatch(_watchers, definition);

    /// <summary>A request begins.</summary>
    public void Begin() => _inFlight.Add(1);

    /// <summary>A request is over.</summary>
    /// <param name="request">Its reading; null when it could not be read.</param>
    /// <param name="statusCode">What was answered.</param>
    /// <param name="elapsed">How long it took.</param>
    public void End(RequestInfo? request, int statusCode, TimeSpan elapsed)
    {
        _inFlight.Add(-1);
        if (!_requests.Enabled && !_durations.Enabled)
        {
            return;
        }

        var known = request is { IsResourceRequest: true } ? request : null;
        var tags = new TagList
        {
            { "verb", VerbOf(request) },
            { "group", known?.Group ?? "" },
            { "resource", known?.Resource ?? "" },
            { "subresource", known?.Subresource ?? "" },
        };
        if (request?.Verb != "watch")
        {
            _durations.Record(elapsed.TotalSeconds, tags);
        }

        tags.Add("code", statusCode);
        _requests.Add(1, tags);
    }

    private static string VerbOf(RequestInfo? request) => request?.Verb switch
    {
        "get" => "GET",
        "list" => "LIST",
        "watch" => "WATCH",
        "create" or "post" => "POST",
        "update" or "put" => "PUT",
        "patch" => "PATCH",
        "delete" => "DELETE",
        "deletecollection" => "DELETECOLLECTION",
        _ => "other",
    };

    private sealed class OpenWatch : IDisposable
    {
        private readonly UpDownCounter<long> _watchers;
        private readonly TagList _tags;

        public OpenWatch(UpDownCounter<long> watchers, ResourceDefinition definition)
        {
            _watchers = watchers;
            _tags = new TagList { { "verb", "WATCH" }, { "group", definition.Name.Group }, { "resource", definition.Name.Plural } };
            _watchers.Add(1, _tags);
        }

        public void Dispose() => _watchers.Add(-1, _tags);
    }
}
