using OrleansOrchestrator.NodeAgent.Numa;

namespace OrleansOrchestrator.NodeAgent.Cpus;

/// <summary>From which NUMA nodes CPUs could be given. Pure.</summary>
public static class CpuHints
{
    /// <summary>
    /// All sets of nodes that have so many free CPUs, and all that are to be used again; those are preferred that are
    /// no larger than has to be on an empty machine.
    /// </summary>
    public static IReadOnlyList<TopologyHint> Of(CpuTopology topology, CpuSet free, CpuSet reusable, int count)
    {
        var nodes = topology.Nodes.ToList();
        var used = NumaSet.Of(topology.Ids(reusable, CpuTopology.Node));
        var all = NumaSet.AllOf(nodes).ToList();
        var least = all.Where(set => topology.In(topology.All, set).Count >= count)
            .Select(static set => set.Count).DefaultIfEmpty(nodes.Count).Min();
        return
        [
            .. from set in all
               where used.IsSubsetOf(set) && topology.In(free, set).Count + reusable.Count >= count
               select new TopologyHint(set, set.Count == least),
        ];
    }
}
