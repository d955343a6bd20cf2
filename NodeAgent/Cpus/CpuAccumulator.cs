using OrleansOrchestrator.NodeAgent.Numa;

namespace OrleansOrchestrator.NodeAgent.Cpus;

/// <summary>
/// Takes CPUs of those that are free until there are enough, whole parts of the machine before parts of them, and
/// emptier ones last, as upstream's accumulator does.
/// </summary>
internal sealed class CpuAccumulator
{
    private readonly CpuTopology _topology;
    private readonly int _count;
    private readonly CpuLevel[] _nodes;
    private readonly CpuLevel[] _sockets;

    public CpuAccumulator(CpuTopology topology, CpuSet free, int count)
    {
        (_topology, Free, _count) = (topology, free, count);

        // The larger of the two is above the other.
        var nodesFirst = topology.Sockets >= topology.Nodes.Count;
        _nodes = nodesFirst ? [CpuTopology.Node] : [CpuTopology.Socket, CpuTopology.Node];
        _sockets = nodesFirst ? [CpuTopology.Node, CpuTopology.Socket] : [CpuTopology.Socket];
    }

    public CpuSet Free { get; private set; }

    public CpuSet Taken { get; private set; } = CpuSet.Empty;

    public int Needed => _count - Taken.Count;

    public bool IsDone => Needed <= 0;

    /// <summary>Nodes with free CPUs.</summary>
    public IReadOnlyList<int> SortedNodes() => Sorted(_nodes);

    public void Take(CpuSet cpus) => (Taken, Free) = (Taken.Union(cpus), Free.Except(cpus));

    public void TakeWholeNodesAndSockets()
    {
        var (first, second) = _nodes.Length == 1 ? (_nodes, _sockets) : (_sockets, _nodes);
        TakeWhole(first);
        TakeWhole(second);
    }

    public void TakeWholeCores() => TakeWhole(Cores());

    public void TakeRest()
    {
        var cpus = Sorted(Cores()).SelectMany(core => _topology.In(Free, CpuTopology.Core, core)).ToList();
        Take(CpuSet.Of(cpus.Take(Math.Max(0, Needed))));
    }

    /// <summary>All of caches that are free, and what is left from one that has so much.</summary>
    public void TakeByCache()
    {
        CpuLevel[] caches = [.. _nodes, CpuTopology.Cache];
        TakeWhole(caches);
        foreach (var cache in Sorted(caches).TakeWhile(_ => !IsDone))
        {
            TakePart(cache);
        }
    }

    private CpuLevel[] Cores() =>
        [.. _nodes.Length > _sockets.Length ? _nodes : _sockets, CpuTopology.Core];

    private void TakeWhole(CpuLevel[] path)
    {
        foreach (var id in Sorted(path))
        {
            var all = _topology.In(_topology.All, path[^1], id);
            if (Needed >= all.Count && all.IsSubsetOf(Free))
            {
                Take(all);
            }
        }
    }

    private void TakePart(int cache)
    {
        var threads = _topology.ThreadsPerCore;
        var cores = _topology.Ids(_topology.In(Free, CpuTopology.Cache, cache), CpuTopology.Core)
            .Take((Needed + threads - 1) / threads);
        var cpus = cores.SelectMany(core => _topology.In(Free, CpuTopology.Core, core)).Order().ToList();
        if (Needed % 2 != 0 && threads > 1 && cpus.Count > Needed)
        {
            cpus.RemoveAt(cpus.Count - 1); // of the last core only one is needed
        }

        if (cpus.Count == Needed)
        {
            Take(CpuSet.Of(cpus));
        }
    }

    /// <summary>
    /// Parts of the last level, below those of the levels before: first those with the fewest free CPUs, then by
    /// number.
    /// </summary>
    private List<int> Sorted(ReadOnlySpan<CpuLevel> path)
    {
        var level = path[^1];
        var above = path.Length == 1
            ? [Free]
            : Sorted(path[..^1]).ConvertAll(ParentsOf(path[^2]));
        return
        [
            .. above.SelectMany(cpus => _topology.Ids(cpus, level).OrderBy(id => _topology.In(Free, level, id).Count)),
        ];
    }

    private Converter<int, CpuSet> ParentsOf(CpuLevel level) => id => _topology.In(Free, level, id);
}
