using System.Collections.Concurrent;

namespace OrleansOrchestrator.NodeAgent.Metrics;

/// <summary>How much there is of something now, for each kind of it.</summary>
/// <param name="name">The series' name.</param>
/// <param name="help">What it means.</param>
/// <param name="labels">The labels that tell kinds apart; none where there is one kind only.</param>
public sealed class GaugeMetric(string name, string help, params string[] labels)
{
    private readonly ConcurrentDictionary<MetricKind, double> _kinds = new(
        labels.Length == 0 ? [new(new MetricKind(), 0)] : []);

    /// <summary>There is so much now.</summary>
    /// <param name="value">How much.</param>
    /// <param name="values">Of the labels, in their order.</param>
    public void Set(double value, params ReadOnlySpan<string> values) => _kinds[MetricKind.Of(values)] = value;

    public void Write(MetricsText text)
    {
        text.Family(name, "gauge", help);
        foreach (var (kind, value) in _kinds.OrderBy(static k => k.Key.Values, StringComparer.Ordinal))
        {
            text.Sample(name, value, null, kind.Labels(labels));
        }
    }
}
