using k8s.Models;
using OrleansOrchestrator.Grains.Policy.PodDisruptionBudgets;

namespace OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;

/// <summary>Figures that were asked for before they are computed with.</summary>
internal sealed class ReadMetrics : ICustomMetrics
{
    private static readonly MetricAnswer<long> NotAsked = new(0, "nobody was asked for it");

    private readonly Dictionary<string, MetricAnswer<IReadOnlyDictionary<string, long>>> _pods =
        new(StringComparer.Ordinal);
    private readonly Dictionary<string, MetricAnswer<long>> _objects = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MetricAnswer<long>> _externals = new(StringComparer.Ordinal);

    public void Set(V2MetricIdentifier metric, MetricAnswer<IReadOnlyDictionary<string, long>> answer) =>
        _pods[KeyOf(metric)] = answer;

    public void Set(V2ObjectMetricSource source, MetricAnswer<long> answer) =>
        _objects[KeyOf(source.Metric, source.DescribedObject)] = answer;

    public void SetExternal(V2MetricIdentifier metric, MetricAnswer<long> answer) =>
        _externals[KeyOf(metric)] = answer;

    /// <inheritdoc/>
    public MetricAnswer<IReadOnlyDictionary<string, long>> OfPods(
        string @namespace, V2MetricIdentifier metric, string selector) =>
        _pods.TryGetValue(KeyOf(metric), out var answer) ? answer : new(null, NotAsked.Failure);

    /// <inheritdoc/>
    public MetricAnswer<long> OfObject(
        string @namespace, V2MetricIdentifier metric, V2CrossVersionObjectReference target) =>
        _objects.GetValueOrDefault(KeyOf(metric, target), NotAsked);

    /// <inheritdoc/>
    public MetricAnswer<long> External(string @namespace, V2MetricIdentifier metric) =>
        _externals.GetValueOrDefault(KeyOf(metric), NotAsked);

    private static string KeyOf(V2MetricIdentifier metric) => $"{metric.Name}({SelectorText.Of(metric.Selector)})";

    private static string KeyOf(V2MetricIdentifier metric, V2CrossVersionObjectReference of) =>
        $"{of.ApiVersion}/{of.Kind}/{of.Name}/{KeyOf(metric)}";
}
