using System.Globalization;
using OrleansOrchestrator.NodeAgent.HugePages;

namespace OrleansOrchestrator.NodeAgent.Numa;

/// <summary>Memory of a NUMA node.</summary>
/// <param name="Bytes">All of it, huge pages included.</param>
/// <param name="HugePages">Pages that are set aside, by size.</param>
public sealed record NumaMemory(long Bytes, IReadOnlyList<HugePageSize> HugePages);

/// <summary>
/// What of the machine is close to what, as the kernel tells it. Read once: CPUs and memory that come or go while the
/// agent runs are not seen.
/// </summary>
public sealed record MachineTopology(
    CpuTopology Cpus, NumaDistances Distances, IReadOnlyDictionary<int, NumaMemory> Memory)
{
    private const int BytesPerKilobyte = 1024;
    private const int LastCacheLevel = 3;
    private const int OwnDistance = 10;

    /// <summary>
    /// The machine below a directory like <c>/sys</c>. A kernel without NUMA has one node, with the memory that is
    /// handed in.
    /// </summary>
    public static MachineTopology Read(string directory, long memoryBytes)
    {
        var (cpus, nodes) = (Path.Combine(directory, "devices/system/cpu"), NodesOf(directory));
        var online = CpuSet.Parse(Text(Path.Combine(cpus, "online")) ?? "0");
        var nodeOf = nodes
            .SelectMany(n => CpuSet.Parse(Text(Path.Combine(n.Value, "cpulist")) ?? ""), (n, cpu) => (cpu, n.Key))
            .ToDictionary(static p => p.cpu, static p => p.Key);
        if (nodes.Count == 0)
        {
            return new MachineTopology(
                Places(cpus, online, static _ => 0),
                new NumaDistances(new Dictionary<int, IReadOnlyList<int>> { [0] = [OwnDistance] }),
                new Dictionary<int, NumaMemory>
                {
                    [0] = new(memoryBytes, HugePageSize.Read(Path.Combine(directory, "kernel/mm/hugepages"))),
                });
        }

        return new MachineTopology(
            Places(cpus, online, cpu => nodeOf.GetValueOrDefault(cpu)),
            new NumaDistances(nodes.ToDictionary(
                static n => n.Key, static n => (IReadOnlyList<int>)[.. Words(n.Value, "distance").Select(Number)])),
            nodes.ToDictionary(static n => n.Key, static n => MemoryOf(n.Value)));
    }

    private static SortedDictionary<int, string> NodesOf(string directory)
    {
        var parent = Path.Combine(directory, "devices/system/node");
        var found = new SortedDictionary<int, string>();
        foreach (var path in Directory.Exists(parent) ? Directory.EnumerateDirectories(parent, "node*") : [])
        {
            if (int.TryParse(Path.GetFileName(path)["node".Length..], CultureInfo.InvariantCulture, out var number))
            {
                found[number] = path;
            }
        }

        return found;
    }

    private static CpuTopology Places(string directory, CpuSet online, Func<int, int> nodeOf)
    {
        var told = online.ToDictionary(static cpu => cpu, cpu => Told(directory, cpu, nodeOf(cpu)));
        var cores = told.GroupBy(static c => c.Value with { Cache = 0 })
            .ToDictionary(static core => core.Key, static core => core.Min(static c => c.Key));
        return new CpuTopology(told.ToDictionary(
            static c => c.Key, c => c.Value with { Core = cores[c.Value with { Cache = 0 }] }));
    }

    /// <summary>With the firmware's number of the core, or the CPU's own where it has none.</summary>
    private static CpuPlace Told(string directory, int cpu, int node)
    {
        var own = Path.Combine(directory, $"cpu{cpu.ToString(CultureInfo.InvariantCulture)}");
        var socket = Number(Text(Path.Combine(own, "topology/physical_package_id")) ?? "0");
        var core = Text(Path.Combine(own, "topology/core_id"));
        return new CpuPlace(core is null ? cpu : Number(core), socket, node, LastCache(own) ?? socket);
    }

    private static int? LastCache(string cpu)
    {
        var caches = Path.Combine(cpu, "cache");
        return Directory.Exists(caches)
            ? Directory.EnumerateDirectories(caches, "index*")
                .Where(static c => Number(Text(Path.Combine(c, "level")) ?? "0") == LastCacheLevel)
                .Select(static c => Text(Path.Combine(c, "id"))).OfType<string>().Select(static id => (int?)Number(id))
                .FirstOrDefault()
            : null;
    }

    private static NumaMemory MemoryOf(string node)
    {
        // "Node 0 MemTotal:       16393936 kB"
        var total = File.ReadLines(Path.Combine(node, "meminfo"))
            .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .First(static words => words.Contains("MemTotal:"));
        return new NumaMemory(
            long.Parse(total[^2], CultureInfo.InvariantCulture) * BytesPerKilobyte,
            HugePageSize.Read(Path.Combine(node, "hugepages")));
    }

    private static string[] Words(string directory, string file) =>
        (Text(Path.Combine(directory, file)) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static string? Text(string path) => File.Exists(path) ? File.ReadAllText(path).Trim() : null;

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
