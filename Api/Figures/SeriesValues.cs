using OrleansOrchestrator.Api.Usage;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Figures;

/// <summary>
/// The figures of a name in what a pod told: gauges as they are, and counters as the rate at which they grow. A counter
/// is known by its name's end, and its figure has the name without that: <c>requests</c> is the rate of
/// <c>requests_total</c>, as the usual adapters have it.
/// </summary>
internal static class SeriesValues
{
    private static readonly string[] CounterEnds = ["_total", "_seconds_total"];

    /// <summary>Whether a series of a name is one of those that some figures are made of.</summary>
    public static bool Tells(string series, IReadOnlySet<string> figures) => IsCounter(series)
        ? CounterEnds.Any(e => series.EndsWith(e, StringComparison.Ordinal) && figures.Contains(series[..^e.Length]))
        : figures.Contains(series);

    /// <summary>Whether what a pod told has anything that a figure is made of.</summary>
    public static bool Has(string metric, LabelSelector selector, PodScrape told) =>
        CounterEnds.Select(e => metric + e).Append(metric)
            .Any(n => told.Samples[n].Any(s => selector.Matches(s.Labels)));

    /// <summary>Each series of the name that a selector selects, with its labels.</summary>
    public static IEnumerable<(IReadOnlyDictionary<string, string> Labels, double Value)> Read(
        string metric, LabelSelector selector, PodScrape? before, PodScrape last)
    {
        var gauges = IsCounter(metric) ? [] : last.Samples[metric];
        foreach (var gauge in gauges.Where(s => selector.Matches(s.Labels)))
        {
            yield return (gauge.Labels, gauge.Value);
        }

        foreach (var end in before is null ? [] : CounterEnds)
        {
            var known = before!.Samples[metric + end].GroupBy(static s => TextOf(s.Labels), StringComparer.Ordinal)
                .ToDictionary(static g => g.Key, static g => g.First().Value, StringComparer.Ordinal);
            foreach (var counter in last.Samples[metric + end].Where(s => selector.Matches(s.Labels)))
            {
                if (known.TryGetValue(TextOf(counter.Labels), out var value))
                {
                    yield return (counter.Labels, Rate(value, counter, last.Moment - before.Moment));
                }
            }
        }
    }

    private static bool IsCounter(string name) => name.EndsWith(CounterEnds[0], StringComparison.Ordinal);

    /// <summary>A counter that is less than before began anew in between.</summary>
    private static double Rate(double before, PrometheusSample last, TimeSpan time) =>
        (last.Value < before ? last.Value : last.Value - before) / time.TotalSeconds;

    private static string TextOf(IReadOnlyDictionary<string, string> labels) => string.Join(
        '\n', labels.OrderBy(static l => l.Key, StringComparer.Ordinal).Select(static l => $"{l.Key}\t{l.Value}"));
}
