using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Kernel;
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
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _terminated;
    private readonly Meter _meter;
    private readonly ResourceCatalog _catalog;

    /// <param name="meters">This host's: two hosts in one process count apart.</param>
    /// <param name="catalog">What is served.</param>
    public ApiMetrics(IMeterFactory meters, ResourceCatalog catalog)
    {
        _catalog = catalog;
        var meter = _meter = meters.Create(MeterName);
        _requests = meter.CreateCounter<long>(
            "apiserver_request_total", description: "Requests by verb, resource and status code.");
        _durations = meter.CreateHistogram<double>(
            "apiserver_request_duration_seconds", "s", "Time from request to answer, watches excepted.");
        _watchers = meter.CreateUpDownCounter<long>(
            "apiserver_longrunning_requests", description: "Open watches by resource.");
        _dropped = meter.CreateCounter<long>(
            "apiserver_dropped_requests_total", description: "Requests turned away because there were too many.");
        _terminated = meter.CreateCounter<long>(
            "apiserver_request_terminations_total", description: "Requests ended to protect the server.");
    }

    /// <summary>Counts an open watch until disposed.</summary>
    public IDisposable CountWatcher(ResourceDefinition definition) => new OpenWatch(_watchers, definition);

    /// <summary>
    /// Shows how many requests are being answered, and how many wait, by kind; asked for only when somebody looks.
    /// </summary>
    public void ObserveRequests(
        Func<IEnumerable<Measurement<int>>> answered, Func<IEnumerable<Measurement<int>>> waiting)
    {
        _meter.CreateObservableGauge(
            "apiserver_current_inflight_requests", answered,
            description: "Requests being answered, long-running ones excepted.");
        _meter.CreateObservableGauge(
            "apiserver_current_inqueue_requests", waiting, description: "Requests that wait to be answered.");
    }

    /// <summary>A request was turned away because there were too many of its kind.</summary>
    public void Drop(string requestKind, RequestInfo request)
    {
        _dropped.Add(1, new KeyValuePair<string, object?>("request_kind", requestKind));
        Terminate(request, 429);
    }

    /// <summary>A request was ended to protect the server.</summary>
    public void Terminate(RequestInfo request, int statusCode)
    {
        var tags = TagsOf(request, statusCode);
        tags.Add("code", statusCode);
        _terminated.Add(1, tags);
    }

    /// <summary>A request is over.</summary>
    /// <param name="request">Its reading; null when it could not be read.</param>
    /// <param name="statusCode">What was answered.</param>
    /// <param name="elapsed">How long it took.</param>
    public void End(RequestInfo? request, int statusCode, TimeSpan elapsed)
    {
        if (!_requests.Enabled && !_durations.Enabled)
        {
            return;
        }

        var tags = TagsOf(request, statusCode);
        if (request?.Verb != "watch")
        {
            _durations.Record(elapsed.TotalSeconds, tags);
        }

        tags.Add("code", statusCode);
        _requests.Add(1, tags);
    }

    /// <summary>
    /// What nobody serves is not named: anybody may ask for it, and under more names than there are series.
    /// </summary>
    private TagList TagsOf(RequestInfo? request, int statusCode)
    {
        var known = request is { IsResourceRequest: true }
            && (statusCode < StatusCodes.Status400BadRequest || IsServed(request)) ? request : null;
        return new TagList
        {
            { "verb", VerbOf(request) },
            { "group", known?.Group ?? "" },
            { "version", known?.Version ?? "" },
            { "resource", known?.Resource ?? "" },
            { "subresource", known?.Subresource ?? "" },
            { "scope", ScopeOf(known) },
            { "component", "apiserver" },
        };
    }

    private bool IsServed(RequestInfo request) =>
        _catalog.Current.Find(request.ResourceName, request.Version) is { } definition
        && (request.Subresource.Length == 0 || definition.HasSubresource(request.Subresource));

    /// <summary>Of how much a request is: of one object, of a namespace or of the cluster.</summary>
    private static string ScopeOf(RequestInfo? request) => request switch
    {
        null => "",
        { Name.Length: > 0 } or { Verb: "create" } => "resource",
        { Namespace.Length: > 0 } => "namespace",
        _ => "cluster",
    };

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
