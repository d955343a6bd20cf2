using OrleansOrchestrator.NodeAgent.Cpus;
using OrleansOrchestrator.NodeAgent.MemoryBlocks;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Numa;

namespace OrleansOrchestrator.NodeAgent.Tests.Support;

/// <summary>Machines that tests make up, by the shape of upstream's tests, and what gives parts of them.</summary>
internal static class PinningParts
{
    public const long Gibibyte = 1L << 30;

    /// <summary>One socket of four cores with two threads each: CPUs 0 and 4 are one core.</summary>
    public static CpuTopology SingleSocket { get; } =
        Shape(8, static cpu => new CpuPlace(cpu % 4, 0, 0, 0));

    /// <summary>Two sockets of three cores with two threads each, even and odd: CPUs 0 and 6 are one core.</summary>
    public static CpuTopology DualSocket { get; } =
        Shape(12, static cpu => new CpuPlace(cpu % 6, cpu % 2, cpu % 2, 0));

    public static CpuTopology DualSocketWithoutThreads { get; } =
        Shape(8, static cpu => new CpuPlace(cpu, cpu / 4, cpu / 4, 0));

    /// <summary>Two sockets of two nodes, each of ten cores with two threads: CPUs 0 and 40 are one core.</summary>
    public static CpuTopology TwoNodesPerSocket { get; } =
        Shape(80, static cpu => new CpuPlace(cpu % 40, cpu % 40 / 20, cpu % 40 / 10, 0));

    /// <summary>Two sockets of four nodes of sixteen cores with two threads: CPUs 0 and 128 are one core.</summary>
    public static CpuTopology FourNodesPerSocket { get; } =
        Shape(256, static cpu => new CpuPlace(cpu % 128, cpu % 128 / 64, cpu % 128 / 16, 0));

    /// <summary>Caches of four CPUs each.</summary>
    public static CpuTopology SmallCaches { get; } = Shape(16, static cpu => new CpuPlace(cpu, 0, 0, cpu / 4));

    public static CpuTopology SmallCachesDualSocket { get; } =
        Shape(16, static cpu => new CpuPlace(cpu, cpu / 8, cpu / 8, cpu / 4));

    public static CpuTopology SmallCachesTwoNodes { get; } =
        Shape(16, static cpu => new CpuPlace(cpu, 0, cpu / 8, cpu / 4));

    /// <summary>Caches of four cores with two threads each.</summary>
    public static CpuTopology SmallCachesWithThreads { get; } =
        Shape(16, static cpu => new CpuPlace(cpu % 8, 0, 0, cpu % 8 / 4));

    /// <summary>One node.</summary>
    public static MachineTopology Machine { get; } = Of(SingleSocket);

    /// <summary>A machine with a gibibyte of memory for each node.</summary>
    public static MachineTopology Of(CpuTopology cpus)
    {
        var nodes = cpus.Nodes.ToList();
        return new MachineTopology(
            cpus,
            new NumaDistances(nodes.ToDictionary(
                static node => node,
                node => (IReadOnlyList<int>)[.. nodes.Select(other => 10 + Math.Abs(node - other))])),
            nodes.ToDictionary(static node => node, static _ => new NumaMemory(Gibibyte, [])));
    }

    public static CpuManager Cpus(NodeAgentOptions options, CpuTopology? topology = null, KubeletMeters? meters = null)
    {
        Directory.CreateDirectory(options.DataDirectory);
        return new CpuManager(options, Of(topology ?? SingleSocket), meters ?? new KubeletMeters());
    }

    public static MemoryManager Memory(
        NodeAgentOptions options, MachineTopology? machine = null, KubeletMeters? meters = null)
    {
        Directory.CreateDirectory(options.DataDirectory);
        return new MemoryManager(options, machine ?? Machine, meters ?? new KubeletMeters());
    }

    private static CpuTopology Shape(int count, Func<int, CpuPlace> place) =>
        new(Enumerable.Range(0, count).ToDictionary(static cpu => cpu, place));
}
