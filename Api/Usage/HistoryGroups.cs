using OrleansOrchestrator.Interfaces.Metrics;

namespace OrleansOrchestrator.Api.Usage;

/// <summary>
/// Puts series together: what a pod uses is what its containers use, and what goes over its network; what an owner, a
/// namespace or a node's pods use, what their pods use. At each point the known figures count.
/// </summary>
internal static class HistoryGroups
{
    /// <summary>The series of a page by group, those that used the most first when only some are wanted.</summary>
    public static IReadOnlyList<UsageSeries> Make(UsageHistoryPage page, HistoryQuery query)
    {
        var made = query.By == HistoryGroup.Container ? page.Series : Sum(page, query.By);
        return query.Top is { } top
            ? [.. made.OrderByDescending(s => Total(s[query.TopBy])).Take(top)]
            : made;
    }

    private static List<UsageSeries> Sum(UsageHistoryPage page, HistoryGroup by)
    {
        var groups = new Dictionary<(string Namespace, string Name), UsageSeries>();
        foreach (var series in page.Series)
        {
            var key = KeyOf(series, by);
            if (!groups.TryGetValue(key, out var group))
            {
                groups.Add(key, group = UsageSeries.Empty(key.Namespace, key.Name, "", page.Points));
                group.Node = by is HistoryGroup.Pod or HistoryGroup.Node ? series.Node : "";
                group.Owner = by is HistoryGroup.Pod or HistoryGroup.Owner ? series.Owner : "";
            }

            for (var metric = 0; metric < UsageSeries.Metrics; metric++)
            {
                if (Counts(series, (UsageMetric)metric))
                {
                    Add(series.Values[metric], group.Values[metric]);
                }
            }
        }

        return [.. groups.Values];
    }

    private static (string Namespace, string Name) KeyOf(UsageSeries series, HistoryGroup by) => by switch
    {
        HistoryGroup.Owner => (series.Namespace, series.Owner.Length > 0 ? series.Owner : $"Pod/{series.Name}"),
        HistoryGroup.Namespace => (series.Namespace, ""),
        HistoryGroup.Node => ("", series.Node),
        _ => (series.Namespace, series.Name),
    };

    // A pod as a whole has what its containers have, and in part more, of processor and memory: that would count twice.
    private static bool Counts(UsageSeries series, UsageMetric metric) => series.Namespace.Length == 0
        || (metric is UsageMetric.NetworkReceived or UsageMetric.NetworkSent) == (series.Container.Length == 0);

    private static void Add(long?[] from, long?[] to)
    {
        for (var i = 0; i < to.Length; i++)
        {
            to[i] = from[i] is { } value ? (to[i] ?? 0) + value : to[i];
        }
    }

    private static double Total(long?[] values) => values.Sum(static v => (double)(v ?? 0));
}
