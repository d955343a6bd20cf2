using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Metrics;

/// <summary>
/// Rows of <c>metrics.k8s.io</c>. They are no part of the table of built-in kinds: nothing is stored, and the group is
/// served only while there are figures.
/// </summary>
public static class MetricsResources
{
    public const string Group = "metrics.k8s.io";
    public const string Version = "v1beta1";

    private static readonly string[] Verbs = ["get", "list"];

    /// <summary>Both kinds.</summary>
    public static IReadOnlyList<ResourceKind> Rows { get; } =
    [
        Row<V1Node>("nodes", "NodeMetrics", isNamespaced: false),
        Row<V1Pod>("pods", "PodMetrics", isNamespaced: true),
    ];

    private static ResourceKind Row<T>(string plural, string kind, bool isNamespaced)
        where T : class, IKubernetesObject<V1ObjectMeta> => new()
        {
            Name = new ResourceName(Group, plural), Kind = kind, Singular = "", Namespaced = isNamespaced,
            Verbs = Verbs, IsVirtual = true, Versions = [new(Version, new UsageStrategy<T>())],
        };
}
