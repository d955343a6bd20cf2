using System.Globalization;

namespace OrleansOrchestrator.Bench;

/// <summary>
/// How often objects were written and looked at: what a workload costs whatever the machine. Commits are read from the
/// revisions of lists, which are dense, and looks from what reconciliation counts of itself.
/// </summary>
/// <param name="Values">By what was counted.</param>
public sealed record WorkloadCounts(IReadOnlyDictionary<string, long> Values)
{
    private const string Looks = "workqueue_adds_total";

    /// <summary>Less than this of an object is not worth a word.</summary>
    private const double WorthTelling = 0.02;

    private static readonly string[] Written =
    [
        "/api/v1/pods", "/api/v1/events", "/api/v1/nodes", "/api/v1/configmaps", "/apis/batch/v1/jobs",
        "/apis/apps/v1/statefulsets", "/apis/apps/v1/daemonsets", "/apis/apps/v1/controllerrevisions",
        "/apis/coordination.k8s.io/v1/leases", "/apis/discovery.k8s.io/v1/endpointslices",
    ];

    /// <summary>All counts so far.</summary>
    public static async Task<WorkloadCounts> ReadAsync(BenchCluster cluster, CancellationToken cancellationToken)
    {
        var values = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var path in Written)
        {
            values[$"writes of {path[(path.LastIndexOf('/') + 1)..]}"] =
                await Scenarios.WritesAsync(cluster, path, cancellationToken);
        }

        var metrics = await cluster.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative), cancellationToken);
        foreach (var line in metrics.Split('\n').Where(l => l.StartsWith(Looks, StringComparison.Ordinal)))
        {
            values[$"looks at a {line.Split("name=\"")[1].Split('"')[0]}"] =
                (long)double.Parse(line[(line.LastIndexOf('}') + 1)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }

        return new WorkloadCounts(values);
    }

    /// <summary>What was counted since an earlier reading.</summary>
    public WorkloadCounts Since(WorkloadCounts before) => new(Values.ToDictionary(
        v => v.Key, v => v.Value - before.Values.GetValueOrDefault(v.Key), StringComparer.Ordinal));

    /// <summary>In words, for each of so many objects.</summary>
    public string Each(int objects) => string.Join(", ", Values
        .Select(v => (v.Key, Count: (double)v.Value / objects))
        .Where(static v => v.Count >= WorthTelling)
        .OrderByDescending(static v => v.Count)
        .Select(static v => string.Create(CultureInfo.InvariantCulture, $"{v.Count:F2} {v.Key}")));
}
