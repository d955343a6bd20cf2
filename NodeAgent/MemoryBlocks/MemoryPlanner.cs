using System.Collections.Immutable;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Numa;
using OrleansOrchestrator.NodeAgent.PodRecords;
using Amounts = System.Collections.Generic.SortedDictionary<string, long>;
using ResourceNames = OrleansOrchestrator.Resources.Core.Pods.ResourceNames;

namespace OrleansOrchestrator.NodeAgent.MemoryBlocks;

/// <summary>
/// Which NUMA nodes' memory containers get, as upstream's static policy decides it: of the fewest nodes, where a node
/// that gives memory together with others gives none alone. Pure.
/// </summary>
public static class MemoryPlanner
{
    /// <summary>
    /// What a container wants, in bytes by type; nothing unless its pod is guaranteed by what its containers say.
    /// </summary>
    public static Amounts Wanted(V1Pod pod, V1Container container)
    {
        var wanted = new Amounts(StringComparer.Ordinal);
        if (PodResources.Qos(pod) != PodResources.Guaranteed || PodResources.HasPodLevel(pod))
        {
            return wanted;
        }

        var amounts = container.Resources?.Requests ?? container.Resources?.Limits;
        foreach (var type in (amounts?.Keys ?? []).Where(IsMemory))
        {
            wanted[type] = PodResources.Bytes(amounts, type);
        }

        return wanted;
    }

    /// <summary>The same of all its containers, of which init containers run one after the other.</summary>
    public static Amounts WantedOf(V1Pod pod)
    {
        var (sidecars, most) = (new Amounts(StringComparer.Ordinal), new Amounts(StringComparer.Ordinal));
        foreach (var container in pod.Inits().Concat(pod.Spec.Containers))
        {
            foreach (var (type, bytes) in Wanted(pod, container))
            {
                var beside = sidecars.GetValueOrDefault(type) + bytes;
                most[type] = Math.Max(most.GetValueOrDefault(type), beside);
                sidecars[type] = pod.IsPlainInit(container) ? beside - bytes : beside;
            }
        }

        return most;
    }

    /// <summary>From which nodes a container could get all that it wants.</summary>
    public static IReadOnlyList<TopologyHint> Hints(MemoryState state, V1Pod pod, Amounts wanted)
    {
        var able = NumaSet.AllOf([.. state.Nodes.Keys])
            .Where(set => wanted.All(w => state.Sum(set, w.Key, static t => t.Allocatable) >= w.Value)).ToList();
        var least = able.Select(static set => set.Count).DefaultIfEmpty(state.Nodes.Count).Min();
        return
        [
            .. from set in able
               where FitsGroups(state, set) && (set.Count > 1 || state.Nodes[set.Nodes[0]].Cells.Count == 1)
                   && wanted.All(w =>
                       state.Sum(set, w.Key, static t => t.Free) + Reusable(state, pod, set, w.Key) >= w.Value)
               select new TopologyHint(set, set.Count == least),
        ];
    }

    /// <summary>The state in which a container has what it wants, from those nodes if that can be.</summary>
    /// <exception cref="AllocationException">It cannot be had.</exception>
    public static MemoryState Allocate(MemoryState state, V1Pod pod, V1Container container, NumaSet? nodes)
    {
        var wanted = Wanted(pod, container);
        var from = Nodes(state, pod, wanted, nodes);
        if (!FitsGroups(state, from))
        {
            throw new AllocationException("[memorymanager] preferred hint violates NUMA node allocation");
        }

        var blocks = ImmutableList.CreateRange(wanted.Select(w => new MemoryBlock(from, w.Key, w.Value)));
        foreach (var block in blocks)
        {
            var again = Math.Min(block.Bytes, Reusable(state, pod, from, block.Type));
            state = state.Give(block, block.Bytes - again);
            state = Reuse(state, pod, container, block);
        }

        return state.With(pod.Metadata.Uid, container.Name, blocks);
    }

    public static bool IsMemory(string resource) =>
        resource == PodResources.Memory || ResourceNames.IsHugePages(resource);

    private static NumaSet Nodes(MemoryState state, V1Pod pod, Amounts wanted, NumaSet? nodes)
    {
        if (nodes is { } told && wanted.All(w => state.Sum(told, w.Key, static t => t.Free) >= w.Value))
        {
            return told;
        }

        var hints = Hints(state, pod, wanted)
            .Where(hint => nodes is not { } least || least.IsSubsetOf(hint.Nodes!.Value)).ToList();
        return hints.Count == 0
            ? throw new AllocationException(nodes is null
                ? "[memorymanager] failed to get the default NUMA affinity, no NUMA nodes with enough memory is " +
                    "available"
                : "[memorymanager] failed to find NUMA nodes to extend the current topology hint")
            : hints.Aggregate(Better).Nodes!.Value;
    }

    private static TopologyHint Better(TopologyHint best, TopologyHint next) =>
        next.IsPreferred != best.IsPreferred ? (next.IsPreferred ? next : best)
        : next.Nodes!.Value.IsNarrowerThan(best.Nodes!.Value) ? next
        : best;

    /// <summary>Several nodes give memory together only where none gives any with others, or alone.</summary>
    private static bool FitsGroups(MemoryState state, NumaSet set) => set.Count == 1
        || set.Nodes.All(node => state.Nodes[node].Assignments == 0 || state.Nodes[node].Cells == set);

    /// <summary>What init containers of the pod have of those nodes, and need no more.</summary>
    private static long Reusable(MemoryState state, V1Pod pod, NumaSet nodes, string type) => pod.Inits()
        .Where(c => !c.IsSidecar()).SelectMany(c => state.Of(pod.Metadata.Uid, c.Name) ?? [])
        .Where(block => block.Nodes == nodes && block.Type == type).Sum(static block => block.Bytes);

    /// <summary>
    /// What a later container uses again counts as that one's: all blocks of a pod are what it has together.
    /// </summary>
    private static MemoryState Reuse(MemoryState state, V1Pod pod, V1Container container, MemoryBlock block)
    {
        var left = block.Bytes;
        foreach (var init in pod.Inits().TakeWhile(c => c.Name != container.Name).Where(static c => !c.IsSidecar()))
        {
            foreach (var own in (state.Of(pod.Metadata.Uid, init.Name) ?? [])
                .Where(b => b.Nodes == block.Nodes && b.Type == block.Type))
            {
                var used = Math.Min(left, own.Bytes);
                left -= used;
                state = state.With(
                    pod.Metadata.Uid, init.Name,
                    state.Of(pod.Metadata.Uid, init.Name)!.Replace(own, own with { Bytes = own.Bytes - used }));
            }
        }

        return state;
    }
}
