using System.Collections.Concurrent;

namespace OrleansOrchestrator.NodeAgent.Metrics;

/// <summary>How often something has happened, for each kind of it.</summary>
/// <param name="name">The series' name.</param>
/// <param name="help">What it means.</param>
/// <param name="labels">The labels that tell kinds apart; none where there is one kind only.</param>
public sealed class CountMetric(string name, string help, params string[] labels)
{
    // Kinds are names in the code, so there are few. What has one kind only is told from the beginning on.
    private readonly ConcurrentDictionary<MetricKind, long> _kinds = new(
        labels.Length == 0 ? [new(new MetricKind(), 0)] : []);

    /// <summary>It may happen, and is told as not having happened until it does.</summary>
    /// <param name="values">Of the labels, in their order.</param>
    public void Expect(params ReadOnlySpan<string> values) => _kinds.TryAdd(MetricKind.Of(values), 0);

    /// <summary>It happened once more.</summary>
    /// <param name="values">Of the labels, in their order.</param>
    public void Add(params ReadOnlySpan<string> values) =>
        _kinds.AddOrUpdate(MetricKind.Of(values), 1, static (_, count) => count + 1);

    public void Write(MetricsText text)
    {
        text.Family(name, "counter", help);
        foreach (var (kind, count) in _kinds.OrderBy(static k => k.Key.Values, StringComparer.Ordinal))
        {
            text.Sample(name, count, null, kind.Labels(labels));
        }
    }
}
