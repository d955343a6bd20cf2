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
    public const string CustomList = "MetricValueList";

    /// <summary>The version of the custom figures that names a figure, and no selector of its series.</summary>
    public const string OlderCustomVersion = "v1beta1";

    public const string External = "external.metrics.k8s.io";
    public const string ExternalList = "ExternalMetricValueList";

    private static readonly string[] Verbs = ["get"];

    /// <summary>What discovery names, with the versions of each group; the preferred one first.</summary>
    public static IReadOnlyList<ResourceKind> Rows { get; } =
    [
        Row(Custom, "pods", CustomList, "v1beta2", OlderCustomVersion),
        Row(External, "externalmetrics", ExternalList, "v1beta1"),
    ];

    private static ResourceKind Row(string group, string plural, string kind, params string[] versions) => new()
    {
        Name = new(group, plural), Kind = kind, Singular = "", Verbs = Verbs, IsVirtual = true,
        Versions =
        [
            .. versions.Select((v, i) => new ResourceDefinition(v, new VirtualStrategy<V1Pod>())
            {
                Conversion = i == 0 ? null : NoConversion.Instance,
            }),
        ],
    };
}
