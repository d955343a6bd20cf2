using OrleansOrchestrator.Resources.Metrics;

namespace OrleansOrchestrator.Api.Figures;

/// <summary>What is asked of <c>custom.metrics.k8s.io</c> and <c>external.metrics.k8s.io</c>.</summary>
/// <param name="Namespace">Where.</param>
/// <param name="Resource">Of which objects, by their qualified plural; empty for figures of none.</param>
/// <param name="Name">Of which of them; <c>*</c> for all that the selector selects.</param>
/// <param name="Metric">Which figure.</param>
internal sealed record FigureQuestion(string Namespace, string Resource, string Name, string Metric)
{
    /// <summary>Of all objects.</summary>
    public const string All = "*";

    /// <summary>Of pods asked for by <see cref="All"/>.</summary>
    public string ObjectSelector { get; init; } = "";

    /// <summary>Which series of the name count.</summary>
    public string SeriesSelector { get; init; } = "";

    public bool IsOfNone => Resource.Length == 0;

    /// <summary>It asks for a list of pods, each with its own figure.</summary>
    public bool IsOfEachPod => Resource == "pods" && Name == All;

    /// <summary>Reads what follows the version in a path, unescaped; null when it is no question.</summary>
    public static FigureQuestion? Parse(string group, string path) => (group, path.Trim('/').Split('/')) switch
    {
        (FigureResources.Custom, ["namespaces", { Length: > 0 } space, "metrics", { Length: > 0 } metric]) =>
            new(space, "namespaces", space, metric),
        (FigureResources.Custom,
            ["namespaces", { Length: > 0 } space, { Length: > 0 } resource, { Length: > 0 } name,
                { Length: > 0 } metric]) => new(space, resource, name, metric),
        (FigureResources.External, ["namespaces", { Length: > 0 } space, { Length: > 0 } metric]) =>
            new(space, "", "", metric),
        _ => null,
    };

    /// <summary>The same with the selectors of a query.</summary>
    /// <param name="read">Gives a parameter; empty when it is absent.</param>
    public FigureQuestion With(Func<string, string> read) => IsOfNone
        ? this with { SeriesSelector = read("labelSelector") }
        : this with { ObjectSelector = read("labelSelector"), SeriesSelector = read("metricLabelSelector") };
}
