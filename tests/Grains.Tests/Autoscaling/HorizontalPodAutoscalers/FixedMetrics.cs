using k8s.Models;
using OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;

namespace OrleansOrchestrator.Grains.Tests.Autoscaling.HorizontalPodAutoscalers;

/// <summary>One figure, in thousandths, of every object and from outside; none of pods.</summary>
internal sealed class FixedMetrics(long milli) : ICustomMetrics
{
    public MetricAnswer<IReadOnlyDictionary<string, long>> OfPods(
        string @namespace, V2MetricIdentifier metric, string selector) => new(null, "none");

    public MetricAnswer<long> OfObject(
        string @namespace, V2MetricIdentifier metric, V2CrossVersionObjectReference target) => Figure(metric);

    public MetricAnswer<long> External(string @namespace, V2MetricIdentifier metric) => Figure(metric);

    private MetricAnswer<long> Figure(V2MetricIdentifier metric) =>
        metric.Name == "gone" ? new(0, "none") : new(milli, null);
}
