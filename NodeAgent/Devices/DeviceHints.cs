using OrleansOrchestrator.NodeAgent.Numa;

namespace OrleansOrchestrator.NodeAgent.Devices;

/// <summary>What devices of one resource are wanted, and where there are some.</summary>
public sealed record DeviceHintNeed
{
    /// <summary>The machine's NUMA nodes, in order.</summary>
    public required IReadOnlyList<int> Nodes { get; init; }

    /// <summary>By device, of which nodes it is, of those that are of some; also those that do not work.</summary>
    public required IReadOnlyDictionary<string, NumaSet> All { get; init; }

    public required IReadOnlyCollection<string> Free { get; init; }

    /// <summary>What the container has of it already; null for nothing.</summary>
    public IReadOnlyList<string>? Has { get; init; }

    /// <summary>Devices of the pod's init containers, which need them no more.</summary>
    public IReadOnlyCollection<string> Reusable { get; init; } = [];

    public required int Count { get; init; }
}

/// <summary>From which NUMA nodes devices could be given, as upstream's device manager tells it. Pure.</summary>
public static class DeviceHints
{
    /// <summary>Null where no device is of any node.</summary>
    public static IReadOnlyList<TopologyHint>? Of(DeviceHintNeed need)
    {
        if (need.All.Count == 0)
        {
            return null;
        }

        if (need.Has is { Count: > 0 } has)
        {
            return has.Count == need.Count ? Among(need, has, []) : [];
        }

        return need.Free.Union(need.Reusable).Count() < need.Count ? [] : Among(need, need.Free, need.Reusable);
    }

    private static List<TopologyHint> Among(
        DeviceHintNeed need, IReadOnlyCollection<string> free, IReadOnlyCollection<string> reusable)
    {
        var placed = reusable.Where(need.All.ContainsKey).ToList();
        var sets = NumaSet.AllOf(need.Nodes).ToList();
        var least = sets.Where(set => need.All.Values.Count(set.Overlaps) >= need.Count)
            .Select(static set => set.Count).DefaultIfEmpty(need.Nodes.Count).Min();
        return
        [
            .. from set in sets
               where placed.TrueForAll(d => need.All[d].Overlaps(set))
                   && placed.Count + free.Count(d => need.All.GetValueOrDefault(d).Overlaps(set)) >= need.Count
               select new TopologyHint(set, set.Count == least),
        ];
    }
}
