using System.Collections.Concurrent;
using System.Globalization;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Metrics;

/// <summary>
/// The labels by which requests are counted, as upstream has them. They are made once for each kind of request, so that
/// counting a request allocates nothing.
/// </summary>
/// <param name="catalog">What is served.</param>
internal sealed class RequestLabels(ResourceCatalog catalog)
{
    /// <summary>The first so many labels are those of all requests; that of dry runs follows, and that of the code.
    /// </summary>
    public const int Common = 7;

    private readonly ConcurrentDictionary<Kind, KeyValuePair<string, object?>[]> _known = new();
    private long _added;

    /// <summary>All labels of a request.</summary>
    public KeyValuePair<string, object?>[] Of(
        RequestInfo? request, int statusCode, string dryRun = "", bool isApply = false)
    {
        // What nobody serves is not named: anybody may ask for it, and under more names than there are series.
        var known = request is { IsResourceRequest: true }
            && (statusCode < 400 || IsServed(request)) ? request : null;
        var scope = ScopeOf(known);
        var kind = new Kind(
            VerbOf(request, isApply), known?.Group ?? "", known?.Version ?? "", known?.Resource ?? "",
            known?.Subresource ?? "", scope, dryRun, statusCode);
        return _known.TryGetValue(kind, out var labels) ? labels : Add(kind);
    }

    private KeyValuePair<string, object?>[] Add(Kind kind)
    {
        KeyValuePair<string, object?>[] labels =
        [
            new("verb", kind.Verb), new("group", kind.Group), new("version", kind.Version),
            new("resource", kind.Resource), new("subresource", kind.Subresource), new("scope", kind.Scope),
            new("component", "apiserver"), new("dry_run", kind.DryRun),
            new("code", kind.Code.ToString(CultureInfo.InvariantCulture)),
        ];
        return Interlocked.Increment(ref _added) <= MetricFamily.MaxSeries ? _known.GetOrAdd(kind, labels) : labels;
    }

    private bool IsServed(RequestInfo request) =>
        catalog.Current.Find(request.ResourceName, request.Version) is { } definition
        && (request.Subresource.Length == 0 || definition.HasSubresource(request.Subresource));

    /// <summary>Of how much a request is: of one object, of a namespace or of the cluster.</summary>
    private static string ScopeOf(RequestInfo? request) => request switch
    {
        null => "",
        { Name.Length: > 0 } or { Verb: "create" } => "resource",
        { Namespace.Length: > 0 } => "namespace",
        _ => "cluster",
    };

    /// <summary>
    /// The method, but that watches, applies and connections are told apart, and reads of one object from those of
    /// more.
    /// </summary>
    private static string VerbOf(RequestInfo? request, bool isApply) => request switch
    {
        { IsResourceRequest: true, Subresource: "log" or "exec" or "portforward" or "attach" or "proxy" } => "CONNECT",
        { Verb: "watch" } => "WATCH",
        { Verb: "get" or "head" } or { Verb: "list", Name.Length: > 0 } => "GET",
        { Verb: "list" } => "LIST",
        { Verb: "create" or "post" } => "POST",
        { Verb: "update" or "put" } => "PUT",
        { Verb: "patch" } => isApply ? "APPLY" : "PATCH",
        { Verb: "delete" or "deletecollection" } => "DELETE",
        _ => "other",
    };

    private readonly record struct Kind(
        string Verb, string Group, string Version, string Resource, string Subresource, string Scope, string DryRun,
        int Code);
}
