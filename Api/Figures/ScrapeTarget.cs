using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Figures;

/// <summary>
/// Where a pod tells figures of its own, in Prometheus' text format: by the annotations that everybody's scrape
/// configurations go by.
/// </summary>
/// <param name="Key">The pod's.</param>
/// <param name="Uid">The pod's: another one of its name has figures of its own.</param>
/// <param name="Address">Its endpoint.</param>
/// <param name="IsServing">It is ready, and is to stay: then it has to tell.</param>
internal sealed record ScrapeTarget(ObjectKey Key, string Uid, Uri Address, bool IsServing)
{
    public const string ScrapeAnnotation = "prometheus.io/scrape";

    private const string PortAnnotation = "prometheus.io/port";
    private const string PathAnnotation = "prometheus.io/path";
    private const string SchemeAnnotation = "prometheus.io/scheme";
    private const string DefaultPath = "/metrics";

    /// <summary>Null for pods that are not to be asked, or cannot be.</summary>
    public static ScrapeTarget? Of(ResourceObject pod)
    {
        var annotations = pod.Metadata.Annotations;
        if (annotations.GetValueOrDefault(ScrapeAnnotation) != "true"
            || pod.As<V1Pod>() is not { Status: { Phase: "Running", PodIP.Length: > 0 } } model
            || PortOf(annotations, model) is not { } port)
        {
            return null;
        }

        var path = annotations.GetValueOrDefault(PathAnnotation) is { Length: > 0 } given ? given : DefaultPath;
        var scheme = annotations.GetValueOrDefault(SchemeAnnotation) is "https" ? "https" : "http";
        var (host, slash) = (model.Status.PodIP, path.StartsWith('/') ? "" : "/");
        var authority = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
        var text = FormattableString.Invariant($"{scheme}://{authority}:{port}{slash}{path}");
        return Uri.TryCreate(text, UriKind.Absolute, out var address)
            ? new ScrapeTarget(pod.Key, pod.Uid, address, pod.Metadata.DeletionTimestamp is null && IsReady(model))
            : null;
    }

    private static bool IsReady(V1Pod pod) =>
        pod.Status.Conditions?.Any(static c => c is { Type: "Ready", Status: "True" }) == true;

    /// <summary>The port that is named, else the first that a container declares.</summary>
    private static int? PortOf(IReadOnlyDictionary<string, string> annotations, V1Pod pod) =>
        annotations.GetValueOrDefault(PortAnnotation) is { Length: > 0 } text
            ? int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
                && port is > 0 and <= ushort.MaxValue ? port : null
            : pod.Spec.Containers.SelectMany(static c => c.Ports ?? [])
                .FirstOrDefault(static p => p.Protocol is null or "TCP")?.ContainerPort;
}
