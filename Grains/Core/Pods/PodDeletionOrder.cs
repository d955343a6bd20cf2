namespace OrleansOrchestrator.Grains.Core.Pods;

/// <summary>
/// Which pods are missed least: upstream's order, with its logarithmic comparison of ages (so that deletion does not
/// always hit the very youngest).
/// </summary>
public sealed class PodDeletionOrder : IComparer<PodFacts>
{
    private static readonly PodDeletionOrder Plain = new(null, default);

    /// <summary>Null for the plain order.</summary>
    private readonly IReadOnlyDictionary<string, int>? _relatedPerNode;
    private readonly DateTimeOffset _now;

    private PodDeletionOrder(IReadOnlyDictionary<string, int>? relatedPerNode, DateTimeOffset now)
    {
        _relatedPerNode = relatedPerNode;
        _now = now;
    }

    /// <summary>The first <paramref name="count"/> pods to delete.</summary>
    public static IReadOnlyList<PodFacts> First(
        IReadOnlyList<PodFacts> pods, int count, IReadOnlyDictionary<string, int> relatedPerNode, DateTimeOffset now) =>
        count >= pods.Count ? pods : [.. pods.Order(new PodDeletionOrder(relatedPerNode, now)).Take(count)];

    /// <summary>
    /// The first <paramref name="count"/> pods by the order that Jobs have upstream: it knows neither costs nor
    /// neighbours, the youngest always goes first, and equal ones keep their order.
    /// </summary>
    public static IReadOnlyList<PodFacts> FirstPlain(IReadOnlyList<PodFacts> pods, int count) =>
        count >= pods.Count ? pods : [.. pods.Order(Plain).Take(count)];

    /// <inheritdoc/>
    public int Compare(PodFacts? x, PodFacts? y)
    {
        var (a, b) = (x!, y!);
        if (ReferenceEquals(a, b))
        {
            return 0;
        }

        var order = (a.NodeName.Length > 0).CompareTo(b.NodeName.Length > 0);
        order = order != 0 ? order : a.Phase.CompareTo(b.Phase);
        order = order != 0 ? order : a.IsReady.CompareTo(b.IsReady);
        order = order != 0 || _relatedPerNode is null ? order : a.DeletionCost.CompareTo(b.DeletionCost);
        order = order != 0 ? order : Related(b).CompareTo(Related(a));
        order = order != 0 || !a.IsReady ? order : Younger(a.ReadySince, b.ReadySince);
        order = order != 0 ? order : b.Restarts.CompareTo(a.Restarts);
        order = order != 0 ? order : b.SidecarRestarts.CompareTo(a.SidecarRestarts);
        order = order != 0 ? order : Younger(a.Item.Metadata.CreationTimestamp, b.Item.Metadata.CreationTimestamp);
        return order != 0 || _relatedPerNode is null ? order : string.CompareOrdinal(a.Uid, b.Uid);
    }

    private int Related(PodFacts pod) =>
        pod.NodeName.Length == 0 ? 0 : _relatedPerNode?.GetValueOrDefault(pod.NodeName) ?? 0;

    /// <summary>The younger first; ages of the same power of two count as equal, but in the plain order.</summary>
    private int Younger(DateTimeOffset? a, DateTimeOffset? b) => _relatedPerNode is null
        ? (b ?? DateTimeOffset.MaxValue).CompareTo(a ?? DateTimeOffset.MaxValue)
        : Rank(a).CompareTo(Rank(b));

    private int Rank(DateTimeOffset? since)
    {
        var age = since is { } time ? _now - time : TimeSpan.Zero;
        return age > TimeSpan.Zero ? (int)Math.Log2(age.TotalNanoseconds) : -1;
    }
}
