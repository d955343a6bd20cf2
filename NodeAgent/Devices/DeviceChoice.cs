using OrleansOrchestrator.NodeAgent.Numa;

namespace OrleansOrchestrator.NodeAgent.Devices;

/// <summary>What devices of one resource a container needs, and which there are.</summary>
public sealed record DeviceNeed
{
    public required string Uid { get; init; }

    public required string Container { get; init; }

    public required string Resource { get; init; }

    public required int Count { get; init; }

    /// <summary>What the container has of it already; null for nothing.</summary>
    public IReadOnlyList<string>? Has { get; init; }

    /// <summary>Devices of the pod's init containers, which need them no more.</summary>
    public IReadOnlyCollection<string> Reusable { get; init; } = [];

    /// <summary>Devices that work; null where no plugin serves the resource.</summary>
    public IReadOnlySet<string>? Healthy { get; init; }

    /// <summary>Devices that containers have.</summary>
    public IReadOnlySet<string> InUse { get; init; } = new HashSet<string>();

    /// <summary>NUMA nodes that they are best from; null where that does not matter.</summary>
    public NumaSet? Nodes { get; init; }

    /// <summary>By device, of which nodes it is, of those that are of some.</summary>
    public IReadOnlyDictionary<string, NumaSet> NodesOf { get; init; } = new Dictionary<string, NumaSet>();
}

/// <summary>Chooses devices for a container, with upstream's checks and messages, in its order. Pure.</summary>
/// <param name="Problem">Why there are none; null when there are.</param>
/// <param name="Fixed">Devices that it gets in any case.</param>
/// <param name="Free">Those among which the rest is chosen, in order.</param>
/// <param name="Missing">How many that is.</param>
public sealed record DeviceChoice(
    string? Problem, IReadOnlyList<string> Fixed, IReadOnlyList<string> Free, int Missing)
{
    private static readonly DeviceChoice Nothing = new(null, [], [], 0);

    /// <summary>The container has all that it needs.</summary>
    public bool IsNothing => Problem is null && Fixed.Count == 0 && Missing == 0;

    public static DeviceChoice Of(DeviceNeed need)
    {
        if (need.Has is { } has && has.Count != need.Count)
        {
            return Refused(
                $"pod \"{need.Uid}\" container \"{need.Container}\" changed request for resource \"{need.Resource}\" " +
                $"from {has.Count} to {need.Count}");
        }

        if (need.Healthy is not { } healthy)
        {
            return Refused($"cannot allocate unregistered device {need.Resource}");
        }

        if (healthy.Count == 0)
        {
            return Refused($"no healthy devices present; cannot allocate unhealthy devices {need.Resource}");
        }

        if (need.Has is { } held)
        {
            return held.All(healthy.Contains) ? Nothing : Refused(
                "previously allocated devices are no longer healthy; cannot allocate unhealthy devices " +
                need.Resource);
        }

        return Among(need, healthy);
    }

    /// <summary>
    /// All that it gets: what it gets in any case, what its plugin would choose, and what comes first.
    /// </summary>
    public IReadOnlyList<string> Completed(IReadOnlyCollection<string> preferred) =>
        [.. Fixed, .. Free.Where(preferred.Contains).Concat(Free).Distinct(StringComparer.Ordinal).Take(Missing)];

    private static DeviceChoice Among(DeviceNeed need, IReadOnlySet<string> healthy)
    {
        List<string> reused = [.. need.Reusable.Order(StringComparer.Ordinal).Take(need.Count)];
        var missing = need.Count - reused.Count;
        List<string> free = [.. healthy.Except(need.InUse).Order(StringComparer.Ordinal)];
        return free.Count < missing
            ? Refused(
                $"requested number of devices unavailable for {need.Resource}. " +
                $"Requested: {missing}, Available: {free.Count}")
            : Near(need, reused, free, missing);
    }

    /// <summary>
    /// Those of the nodes first: where there are more than enough, among them alone, else all of them and, of the rest,
    /// those that are of other nodes before those that are of none.
    /// </summary>
    private static DeviceChoice Near(DeviceNeed need, List<string> reused, List<string> free, int missing)
    {
        if (need.Nodes is not { } nodes || need.NodesOf.Count == 0)
        {
            return new DeviceChoice(null, reused, free, missing);
        }

        List<string> near = [.. free.Where(d => need.NodesOf.GetValueOrDefault(d).Overlaps(nodes))];
        return missing < near.Count
            ? new DeviceChoice(null, reused, near, missing)
            : new DeviceChoice(
                null, [.. reused, .. near], [.. free.Except(near).OrderByDescending(need.NodesOf.ContainsKey)],
                missing - near.Count);
    }

    private static DeviceChoice Refused(string problem) => new(problem, [], [], 0);
}
