using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;

/// <summary>
/// Figures other than of processor and memory, in thousandths. A failure is upstream's text without what the autoscaler
/// puts before it.
/// </summary>
public interface ICustomMetrics
{
    /// <summary>A figure of each of some pods.</summary>
    MetricAnswer<IReadOnlyDictionary<string, long>> OfPods(
        string @namespace, V2MetricIdentifier metric, string selector);

    /// <summary>A figure of one object.</summary>
    MetricAnswer<long> OfObject(string @namespace, V2MetricIdentifier metric, V2CrossVersionObjectReference target);

    /// <summary>A figure from outside of the cluster; the sum of its series.</summary>
    MetricAnswer<long> External(string @namespace, V2MetricIdentifier metric);
}

/// <summary>A figure, or why there is none.</summary>
public readonly record struct MetricAnswer<T>(T? Value, string? Failure);

/// <summary>What is answered where neither API is served.</summary>
internal sealed class NoCustomMetrics : ICustomMetrics
{
    public const string NotRegistered =
        "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered";

    public static NoCustomMetrics Instance { get; } = new();

    public MetricAnswer<IReadOnlyDictionary<string, long>> OfPods(
        string @namespace, V2MetricIdentifier metric, string selector) => new(null, NotRegistered);

    public MetricAnswer<long> OfObject(
        string @namespace, V2MetricIdentifier metric, V2CrossVersionObjectReference target) => new(0, NotRegistered);

    public MetricAnswer<long> External(string @namespace, V2MetricIdentifier metric) => new(
        0,
        "unable to fetch metrics from external metrics API: the server could not find the requested resource "
        + $"(get {metric.Name}.external.metrics.k8s.io)");
}
