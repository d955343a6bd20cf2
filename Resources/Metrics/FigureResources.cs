using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Metrics;

/// <summary>
/// Rows of the groups of figures that pods tell themselves. They are no part of the table of built-in kinds: nothing is
/// stored, and the groups are another server's where somebody brings an adapter.
/// </summary>
public static class FigureResources
{
    public const string Custom = "custom.metrics.k8s.io";
    public const string CustomVersion = "v1beta2";
    public const string CustomList = "MetricValueList";
    public const string External = "external.metrics.k8s.io";
    public const string ExternalVersion = "v1beta1";
    public const string ExternalList = "ExternalMetricValueList";

    private static readonly string[] Verbs = ["get"];

    /// <summary>What discovery names of either group.</summary>
    public static ResourceKind RowOf(string group) => group == Custom
        ? Row(Custom, CustomVersion, "pods", CustomList)
        : Row(External, ExternalVersion, "externalmetrics", ExternalList);

    /// <summary>The version of a group that is served.</summary>
    public static string VersionOf(string group) => group == Custom ? CustomVersion : ExternalVersion;

    private static ResourceKind Row(string group, string version, string plural, string kind) => new()
    {
        Name = new(group, plural), Kind = kind, Singular = "", Verbs = Verbs, IsVirtual = true,
        Versions = [new(version, new VirtualStrategy<V1Pod>())],
    };
}
