namespace OrleansOrchestrator.Grains.Core.Pods;

/// <summary>
/// Which pods are missed least: upstream's order (<c>ActivePodsWithRanks</c>), with its logarithmic comparison of ages
/// (so that deletion does not always hit the very youngest).
/// <para>
/// Upstream compares two pods at a time: of different times that count as equally long ago, the uids decide, and what
/// comes after only decides between equal times. That can go in circles, which are opened here: all pods of one time
/// have the place of the least uid among them. Where no two have the same time it is upstream's order, and so it is
/// between those that have.
/// </para>
/// </summary>
public sealed class PodDeletionOrder : IComparer<PodFacts>
{
    private static readonly PodDeletionOrder Plain = new();

    /// <summary>Null for the plain order.</summary>
    private readonly IReadOnlyDictionary<string, int>? _relatedPerNode;
    private readonly Dictionary<DateTimeOffset, string> _ready = [];
    private readonly Dictionary<DateTimeOffset, string> _created = [];
    private readonly DateTimeOffset _now;

    private PodDeletionOrder()
    {
    }

    private PodDeletionOrder(
        IReadOnlyList<PodFacts> pods, IReadOnlyDictionary<string, int> relatedPerNode, DateTimeOffset now)
    {
        _relatedPerNode = relatedPerNode;
        _now = now;
        foreach (var pod in pods)
        {
            NoteLeast(_created, pod.Item.Metadata.CreationTimestamp, pod.Uid);
            NoteLeast(_ready, pod.IsReady ? pod.ReadySince : null, pod.Uid);
        }
    }

    /// <summary>The first <paramref name="count"/> pods to delete.</summary>
    public static IReadOnlyList<PodFacts> First(
        IReadOnlyList<PodFacts> pods, int count, IReadOnlyDictionary<string, int> relatedPerNode, DateTimeOffset now) =>
        count >= pods.Count ? pods : [.. pods.Order(new PodDeletionOrder(pods, relatedPerNode, now)).Take(count)];

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
        order = order != 0 || !a.IsReady ? order : Younger(a.ReadySince, b.ReadySince, _ready);
        order = order != 0 ? order : b.Restarts.CompareTo(a.Restarts);
        order = order != 0 ? order : b.SidecarRestarts.CompareTo(a.SidecarRestarts);
        order = order != 0
            ? order
            : Younger(a.Item.Metadata.CreationTimestamp, b.Item.Metadata.CreationTimestamp, _created);
        return order != 0 || _relatedPerNode is null ? order : string.CompareOrdinal(a.Uid, b.Uid);
    }

    private static void NoteLeast(Dictionary<DateTimeOffset, string> least, DateTimeOffset? time, string uid)
    {
        if (time is { } at && (!least.TryGetValue(at, out var known) || string.CompareOrdinal(uid, known) < 0))
        {
            least[at] = uid;
        }
    }

    private int Related(PodFacts pod) =>
        pod.NodeName.Length == 0 ? 0 : _relatedPerNode?.GetValueOrDefault(pod.NodeName) ?? 0;

    /// <summary>
    /// The younger first, and before it who has no time; ages of the same power of two of nanoseconds count as equal,
    /// but in the plain order.
    /// </summary>
    private int Younger(DateTimeOffset? a, DateTimeOffset? b, Dictionary<DateTimeOffset, string> least)
    {
        if (a == b || a is not { } first || b is not { } second || _relatedPerNode is null)
        {
            return (b ?? DateTimeOffset.MaxValue).CompareTo(a ?? DateTimeOffset.MaxValue);
        }

        var order = Rank(first).CompareTo(Rank(second));
        return order != 0 ? order : string.CompareOrdinal(least[first], least[second]);
    }

    private int Rank(DateTimeOffset since)
    {
        var age = _now - since;
        return age > TimeSpan.Zero ? (int)Math.Log2(age.TotalNanoseconds) : -1;
    }
}
