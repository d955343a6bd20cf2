using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Autoscaling.HorizontalPodAutoscalers;

/// <summary>The cell with what metrics are and should be.</summary>
internal static class MetricCells
{
    private const int MaxShown = 2;

    /// <summary>The first few metrics as <c>current/target</c>.</summary>
    /// <param name="metrics">The targets.</param>
    /// <param name="current">What was measured, in the order of the targets.</param>
    public static string Of(IList<V2MetricSpec>? metrics, IList<V2MetricStatus>? current)
    {
        if (metrics is not { Count: > 0 })
        {
            return TableColumns.None;
        }

        var shown = string.Join(
            ", ", metrics.Take(MaxShown).Select((m, i) => Cell(m, i < current?.Count ? current[i] : null)));
        return metrics.Count > MaxShown
            ? string.Create(CultureInfo.InvariantCulture, $"{shown} + {metrics.Count - MaxShown} more...")
            : shown;
    }

    private static string Cell(V2MetricSpec metric, V2MetricStatus? status) => metric switch
    {
        { Type: "External", External: { } source } =>
            Total(source.Target, status?.External is not null, status?.External?.Current),
        { Type: "Object", ObjectProperty: { } source } =>
            Total(source.Target, status?.ObjectProperty is not null, status?.ObjectProperty?.Current),
        { Type: "Pods", Pods: { } source } =>
            $"{Text(status?.Pods is not null, status?.Pods?.Current?.AverageValue)}/{source.Target.AverageValue}",
        { Type: "Resource", Resource: { } source } =>
            $"{source.Name}: {PerPod(source.Target, status?.Resource is not null, status?.Resource?.Current)}",
        { Type: "ContainerResource", ContainerResource: { } source } =>
            source.Name + ": " +
            PerPod(source.Target, status?.ContainerResource is not null, status?.ContainerResource?.Current),
        _ => "<unknown type>",
    };

    private static string Total(V2MetricTarget target, bool isMeasured, V2MetricValueStatus? current) =>
        target.AverageValue is { } average
            ? $"{Text(isMeasured: false, current?.AverageValue)}/{average} (avg)"
            : $"{Text(isMeasured, current?.Value)}/{target.Value}";

    private static string PerPod(V2MetricTarget target, bool isMeasured, V2MetricValueStatus? current) =>
        target.AverageValue is { } average
            ? $"{Text(isMeasured, current?.AverageValue)}/{average}"
            : $"{Percent(current?.AverageUtilization, TableColumns.Unknown)}/" +
                Percent(target.AverageUtilization, "<auto>");

    /// <summary>A measurement without the value that the target is about has, in Go's words, none.</summary>
    private static string Text(bool isMeasured, ResourceQuantity? value) =>
        value?.ToString() ?? (isMeasured ? "<nil>" : TableColumns.Unknown);

    private static string Percent(int? value, string absent) =>
        value is { } percent ? string.Create(CultureInfo.InvariantCulture, $"{percent}%") : absent;
}
