using System.Text.Json;
using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;

/// <summary>
/// Asks the servers of <c>custom.metrics.k8s.io</c> and <c>external.metrics.k8s.io</c> for the figures that one
/// autoscaler wants, before it computes anything.
/// </summary>
internal sealed class CustomMetricsReader(IAggregatedApis apis, ResourceCatalog catalog, UserIdentity user)
{
    private const string CustomGroup = "custom.metrics.k8s.io";
    private const string ExternalGroup = "external.metrics.k8s.io";
    private const string ExternalVersion = "v1beta1";
    private const string CustomFailure = "unable to fetch metrics from custom metrics API: ";
    private const string ExternalFailure = "unable to fetch metrics from external metrics API: ";

    /// <summary>The versions that are understood.</summary>
    private static readonly string[] CustomVersions = [$"{CustomGroup}/v1beta2", $"{CustomGroup}/v1beta1"];

    /// <summary>The figures.</summary>
    /// <param name="space">The namespace of the autoscaler.</param>
    /// <param name="metrics">What it wants.</param>
    /// <param name="selector">Of the pods of its target.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<ICustomMetrics> ReadAsync(
        string space, IEnumerable<V2MetricSpec> metrics, string selector, CancellationToken cancellationToken)
    {
        var found = new ReadMetrics();
        var api = await CustomVersionAsync(cancellationToken);
        foreach (var spec in metrics)
        {
            switch (spec)
            {
                case { Type: "Pods", Pods: { } pods }:
                    found.Set(pods.Metric, await PodsAsync(api, space, pods.Metric, selector, cancellationToken));
                    break;
                case { Type: "Object", ObjectProperty: { } item }:
                    found.Set(item, await ObjectAsync(api, space, item, cancellationToken));
                    break;
                case { Type: "External", External: { } external }:
                    found.SetExternal(
                        external.Metric, await ExternalAsync(space, external.Metric, cancellationToken));
                    break;
            }
        }

        return found;
    }

    /// <summary>The version that its server prefers, else another that is understood, or why there is none.</summary>
    private async Task<(string Version, string? Failure)> CustomVersionAsync(CancellationToken cancellationToken)
    {
        var served = (await apis.DiscoverAsync(cancellationToken)).Versions
            .Where(static v => v.StartsWith($"{CustomGroup}/", StringComparison.Ordinal)).ToList();
        return served.Find(static v => CustomVersions.Contains(v)) is { } found
            ? (found[(CustomGroup.Length + 1)..], null)
            : served.Count == 0 ? ("", NoCustomMetrics.NotRegistered)
            : ("", $"{CustomFailure}no known available metric versions found");
    }

    private async Task<MetricAnswer<IReadOnlyDictionary<string, long>>> PodsAsync(
        (string Version, string? Failure) api, string space, V2MetricIdentifier metric, string selector,
        CancellationToken cancellationToken)
    {
        if (api.Failure is not null)
        {
            return new(null, api.Failure);
        }

        var (items, failure) = await AskAsync(
            CustomGroup, api.Version,
            $"/namespaces/{space}/pods/*/{Uri.EscapeDataString(metric.Name)}"
            + Query(("labelSelector", selector), ("metricLabelSelector", TextOf(metric.Selector))),
            $"pods.{CustomGroup} *", cancellationToken);
        return failure is not null ? new(null, CustomFailure + failure)
            : items.Count == 0 ? new(null, "no metrics returned from custom metrics API")
            : new(
                items.DistinctBy(static i => i.Name, StringComparer.Ordinal)
                    .ToDictionary(static i => i.Name, static i => i.Milli, StringComparer.Ordinal),
                null);
    }

    private async Task<MetricAnswer<long>> ObjectAsync(
        (string Version, string? Failure) api, string space, V2ObjectMetricSource source,
        CancellationToken cancellationToken)
    {
        if (api.Failure is not null)
        {
            return new(0, api.Failure);
        }

        var (of, name) = (source.DescribedObject, Uri.EscapeDataString(source.Metric.Name));
        var (resource, wrong) = ResourceOf(of);
        if (wrong is not null)
        {
            return new(0, CustomFailure + wrong);
        }

        var path = resource == "namespaces"
            ? $"/namespaces/{space}/metrics/{name}"
            : $"/namespaces/{space}/{resource}/{Uri.EscapeDataString(of.Name)}/{name}";
        var (items, failure) = await AskAsync(
            CustomGroup, api.Version, path + Query(("metricLabelSelector", TextOf(source.Metric.Selector))),
            $"{resource}.{CustomGroup} {of.Name}", cancellationToken);
        failure ??= items.Count == 1 ? null : FormattableString.Invariant(
            $"the custom metrics API server returned {items.Count} results when we asked for exactly one");
        return failure is null ? new(items[0].Milli, null) : new(0, CustomFailure + failure);
    }

    private async Task<MetricAnswer<long>> ExternalAsync(
        string space, V2MetricIdentifier metric, CancellationToken cancellationToken)
    {
        var (items, failure) = await AskAsync(
            ExternalGroup, ExternalVersion,
            $"/namespaces/{space}/{Uri.EscapeDataString(metric.Name)}"
            + Query(("labelSelector", TextOf(metric.Selector))),
            $"{metric.Name}.{ExternalGroup}", cancellationToken);
        return failure is not null ? new(0, ExternalFailure + failure)
            : items.Count == 0 ? new(0, "no metrics returned from external metrics API")
            : new((long)Int128.Min(items.Aggregate((Int128)0, static (sum, i) => sum + i.Milli), long.MaxValue), null);
    }

    /// <summary>The plural by which the API of figures knows a kind, or why there is none.</summary>
    private (string Resource, string? Failure) ResourceOf(V2CrossVersionObjectReference of)
    {
        var parts = (of.ApiVersion ?? "").Split('/');
        var group = parts.Length == 2 ? parts[0] : "";
        var kind = catalog.Current.All.FirstOrDefault(d => d.Name.Group == group && d.Kind == of.Kind);
        return kind is null
            ? ("", $"unable to map kind {of.Kind} to resource: no matches for kind \"{of.Kind}\" in group \"{group}\"")
            : (kind.Name.Qualified, null);
    }

    private async Task<(IReadOnlyList<Figure> Items, string? Failure)> AskAsync(
        string group, string version, string path, string subject, CancellationToken cancellationToken)
    {
        var answer = await apis.SendAsync(
            new AggregatedRequest(group, version, path, user) { Subject = subject }, cancellationToken);
        return answer.Succeeded ? Read(answer.Value.Span) : ([], answer.Error.Message);
    }

    /// <summary>Both lists of figures have them in the same form.</summary>
    private static (IReadOnlyList<Figure> Items, string? Failure) Read(ReadOnlySpan<byte> json)
    {
        var items = new List<Figure>();
        try
        {
            var list = (JsonTree.Parse(json) as JsonObject)?["items"] as JsonArray ?? [];
            foreach (var item in list.OfType<JsonObject>())
            {
                if (!Quantity.TryParse(JsonTree.Text(item["value"]) ?? "", out var value, out var why))
                {
                    return ([], why);
                }

                items.Add(new Figure(
                    JsonTree.Text((item["describedObject"] as JsonObject)?["name"]) ?? "", value.MilliValue));
            }
        }
        catch (JsonException nonsense)
        {
            return ([], nonsense.Message);
        }

        return (items, null);
    }

    private static string TextOf(V1LabelSelector? selector) =>
        selector is null ? "" : LabelSelector.Of(selector).ToString();

    private static string Query(params ReadOnlySpan<(string Name, string Value)> parameters)
    {
        var result = "";
        foreach (var (name, value) in parameters)
        {
            result += value.Length == 0
                ? ""
                : $"{(result.Length == 0 ? '?' : '&')}{name}={Uri.EscapeDataString(value)}";
        }

        return result;
    }

    private readonly record struct Figure(string Name, long Milli);
}
