namespace OrleansOrchestrator.NodeAgent.Numa;

/// <summary>Where a logical CPU is.</summary>
/// <param name="Core">The lowest CPU of its core: what the firmware calls it is not unique.</param>
/// <param name="Socket">Its package.</param>
/// <param name="Node">Its NUMA node.</param>
/// <param name="Cache">Its last-level cache; where none is told, its socket.</param>
public sealed record CpuPlace(int Core, int Socket, int Node, int Cache);

/// <summary>A level of the machine's hierarchy, by what it is called at each CPU.</summary>
public delegate int CpuLevel(CpuPlace place);

/// <summary>Which CPUs there are, and what they have in common. Pure.</summary>
public sealed class CpuTopology
{
    public static readonly CpuLevel Core = static place => place.Core;
    public static readonly CpuLevel Socket = static place => place.Socket;
    public static readonly CpuLevel Node = static place => place.Node;
    public static readonly CpuLevel Cache = static place => place.Cache;

    private readonly IReadOnlyDictionary<int, CpuPlace> _places;

    public CpuTopology(IReadOnlyDictionary<int, CpuPlace> places)
    {
        _places = places;
        All = CpuSet.Of(places.Keys);
        (Sockets, Nodes) = (Ids(All, Socket).Count, Ids(All, Node));
        ThreadsPerCore = All.Count / Math.Max(1, Ids(All, Core).Count);
    }

    public CpuSet All { get; }

    public int Sockets { get; }

    /// <summary>Numbers of NUMA nodes that have CPUs.</summary>
    public CpuSet Nodes { get; }

    public int ThreadsPerCore { get; }

    /// <summary>What some of the CPUs are called at a level.</summary>
    public CpuSet Ids(CpuSet cpus, CpuLevel level) => CpuSet.Of(cpus.Select(cpu => level(_places[cpu])));

    /// <summary>Those of the CPUs that are in one part of a level.</summary>
    public CpuSet In(CpuSet cpus, CpuLevel level, int id) => CpuSet.Of(cpus.Where(cpu => level(_places[cpu]) == id));

    /// <summary>Those of the CPUs whose nodes are among these.</summary>
    public CpuSet In(CpuSet cpus, NumaSet nodes) => CpuSet.Of(cpus.Where(cpu => nodes.Contains(_places[cpu].Node)));

    /// <summary>All CPUs of the cores that these CPUs are of.</summary>
    public CpuSet WholeCores(CpuSet cpus)
    {
        var cores = Ids(cpus, Core);
        return CpuSet.Of(All.Where(cpu => cores.Contains(_places[cpu].Core)));
    }
}
