using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Metrics;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Usage;

/// <summary>
/// The figures of the last two rounds. It holds what the nodes that answered the last one run, and no more. Hollow
/// nodes are not asked: what their pods use is made up when somebody wants to know.
/// </summary>
public sealed class UsageStore(TimeProvider time) : IResourceMetrics
{
    private volatile Round _round = new([], [], []);

    /// <inheritdoc/>
    public bool IsAvailable => _round is { Nodes.Count: > 0 } or { Hollow.Count: > 0 };

    /// <inheritdoc/>
    public PodUsage? Find(ResourceObject pod)
    {
        var round = _round;
        if (round.Hollow.Count > 0 && pod.As<V1Pod>() is var model && model.Spec?.NodeName is { } node
            && round.Hollow.Contains(node))
        {
            return HollowUsage.Of(model, time.GetUtcNow());
        }

        return round.Pods.GetValueOrDefault(pod.Key) is { } containers ? UsageOf(containers) : null;
    }

    /// <inheritdoc/>
    public NodeUsage? FindNode(ResourceObject node)
    {
        var round = _round;
        return round.Hollow.Contains(node.Key.Name) ? HollowUsage.OfNode(time.GetUtcNow())
            : round.Nodes.GetValueOrDefault(node.Key.Name) is { Usage: { } usage } pair
                ? new NodeUsage(pair.Last.Time, pair.Window, usage)
                : null;
    }

    /// <summary>Takes what a round brought, which is all that is known from then on.</summary>
    /// <param name="scrapes">The answers of the nodes that answered.</param>
    /// <param name="hollow">Nodes that need not be asked.</param>
    /// <param name="period">Time from round to round.</param>
    internal void Take(IReadOnlyList<NodeScrape> scrapes, HashSet<string> hollow, TimeSpan period)
    {
        var before = _round;
        var nodes = new Dictionary<string, UsagePair>(StringComparer.Ordinal);
        var pods = new Dictionary<ObjectKey, Dictionary<string, UsagePair>>();
        foreach (var scrape in scrapes)
        {
            if (scrape.Itself is { } itself)
            {
                nodes[scrape.Node] = UsagePair.Next(before.Nodes.GetValueOrDefault(scrape.Node), itself, period);
            }

            foreach (var (key, containers) in scrape.Pods)
            {
                var known = before.Pods.GetValueOrDefault(key);
                pods[key] = containers.ToDictionary(
                    static c => c.Key, c => UsagePair.Next(known?.GetValueOrDefault(c.Key), c.Value, period));
            }
        }

        _round = new Round(nodes, pods, hollow);
    }

    /// <summary>A pod is shown when all its containers can be; its time is that of the oldest.</summary>
    private static PodUsage? UsageOf(Dictionary<string, UsagePair> containers)
    {
        if (containers.Values.Any(static c => c.Previous is null))
        {
            return null;
        }

        var shown = containers.Where(static c => c.Value.Usage is not null).ToList();
        if (shown.Count == 0)
        {
            return null;
        }

        var oldest = shown.MinBy(static c => c.Value.Last.Time).Value;
        return new PodUsage(
            oldest.Last.Time,
            oldest.Window,
            [
                .. shown.OrderBy(static c => c.Key, StringComparer.Ordinal)
                    .Select(static c => new ContainerUsage(c.Key, c.Value.Usage!.Value)),
            ]);
    }

    private sealed record Round(
        Dictionary<string, UsagePair> Nodes,
        Dictionary<ObjectKey, Dictionary<string, UsagePair>> Pods,
        HashSet<string> Hollow);
}
