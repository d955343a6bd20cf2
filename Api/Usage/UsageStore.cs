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
    /// <param name="round">What the nodes that answered said.</param>
    /// <param name="period">Time from round to round.</param>
    internal void Take(UsageRound round, TimeSpan period)
    {
        var before = _round;
        var hollow = round.Hollow.ToHashSet(StringComparer.Ordinal);
        var nodes = new Dictionary<string, UsagePair>(StringComparer.Ordinal);
        var pods = new Dictionary<ObjectKey, Dictionary<string, UsagePair>>();
        var unclear = new HashSet<ObjectKey>();
        foreach (var sample in round.Samples.Where(s => !hollow.Contains(s.Node)))
        {
            var key = new ObjectKey(sample.Namespace, sample.Name);
            if (sample.Namespace.Length == 0 && PointOf(sample) is { } itself)
            {
                nodes[sample.Name] = UsagePair.Next(before.Nodes.GetValueOrDefault(sample.Name), itself, period);
            }
            else if (sample.Container.Length > 0 && PointOf(sample) is { } point)
            {
                if (!pods.TryGetValue(key, out var containers))
                {
                    pods.Add(key, containers = new Dictionary<string, UsagePair>(StringComparer.Ordinal));
                }

                var known = before.Pods.GetValueOrDefault(key)?.GetValueOrDefault(sample.Container);
                containers[sample.Container] = UsagePair.Next(known, point, period);
            }
            else if (sample.Container.Length > 0)
            {
                unclear.Add(key);
            }
        }

        foreach (var key in unclear)
        {
            pods.Remove(key);
        }

        _round = new Round(nodes, pods, hollow);
    }

    /// <summary>What lacks one of its two figures is left out, and with it its pod, as metrics-server does.</summary>
    private static UsagePoint? PointOf(UsageSample sample) =>
        sample is { CpuSeconds: { } cpu, MemoryBytes: { } memory }
            ? new UsagePoint(sample.Time, sample.Start, cpu, memory)
            : null;

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
