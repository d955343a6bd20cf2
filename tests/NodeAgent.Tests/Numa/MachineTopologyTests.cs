using OrleansOrchestrator.NodeAgent.HugePages;
using OrleansOrchestrator.NodeAgent.Numa;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Numa;

/// <summary>What a kernel tells of its machine.</summary>
public sealed class MachineTopologyTests : IDisposable
{
    private readonly DirectoryInfo _sys = Directory.CreateTempSubdirectory("orc-sys-");

    public void Dispose() => _sys.Delete(recursive: true);

    [Fact]
    public void Two_sockets_with_threads_caches_and_memory_are_told_apart()
    {
        Put("devices/system/cpu/online", "0-6\n"); // 7 is switched off
        foreach (var cpu in Enumerable.Range(0, 8))
        {
            Put($"devices/system/cpu/cpu{cpu}/topology/physical_package_id", $"{cpu % 2}");
            Put($"devices/system/cpu/cpu{cpu}/topology/core_id", $"{cpu / 2 % 2}"); // the same in both sockets
            Put($"devices/system/cpu/cpu{cpu}/cache/index0/level", "1");
            Put($"devices/system/cpu/cpu{cpu}/cache/index0/id", "99");
            Put($"devices/system/cpu/cpu{cpu}/cache/index3/level", "3");
            Put($"devices/system/cpu/cpu{cpu}/cache/index3/id", $"{4 + (cpu % 2)}");
        }

        Put("devices/system/node/node0/cpulist", "0,2,4,6");
        Put("devices/system/node/node1/cpulist", "1,3,5,7");
        Put("devices/system/node/node0/distance", "10 21\n");
        Put("devices/system/node/node1/distance", "21 10\n");
        foreach (var node in Enumerable.Range(0, 2))
        {
            Put(
                $"devices/system/node/node{node}/meminfo",
                $"Node {node} MemTotal:       2048 kB\nNode {node} MemFree: 1 kB\n");
            Put($"devices/system/node/node{node}/hugepages/hugepages-2048kB/nr_hugepages", $"{node}\n");
        }

        var machine = MachineTopology.Read(_sys.FullName, memoryBytes: 1);

        Assert.Equal("0-6", machine.Cpus.All.ToString());
        Assert.Equal((2, "0-1"), (machine.Cpus.Sockets, machine.Cpus.Nodes.ToString()));
        Assert.Equal("0-3", machine.Cpus.Ids(machine.Cpus.All, CpuTopology.Core).ToString());
        Assert.Equal("0,4", machine.Cpus.WholeCores(CpuSet.Of(4)).ToString());
        Assert.Equal("4-5", machine.Cpus.Ids(machine.Cpus.All, CpuTopology.Cache).ToString());
        Assert.Equal("1,3,5", machine.Cpus.In(machine.Cpus.All, CpuTopology.Node, 1).ToString());
        Assert.Equal(15.5, machine.Distances.Average(NumaSet.Of(0, 1)));
        Assert.Equal(2048 * 1024, machine.Memory[1].Bytes);
        Assert.Equal([new HugePageSize(2 << 20, 1)], machine.Memory[1].HugePages);
    }

    [Fact]
    public void A_kernel_that_tells_of_no_nodes_has_one()
    {
        Put("devices/system/cpu/online", "0-1");

        var machine = MachineTopology.Read(_sys.FullName, memoryBytes: 4096);

        Assert.Equal(("0-1", 1), (machine.Cpus.All.ToString(), machine.Cpus.ThreadsPerCore));
        Assert.Equal(4096, machine.Memory[0].Bytes);
        Assert.Equal(NumaSet.Of(0), machine.Distances.All);
    }

    [Fact]
    public void This_machine_is_read_too()
    {
        var machine = MachineTopology.Read("/sys", memoryBytes: 1);
        Assert.NotEmpty(machine.Cpus.All);
        Assert.Equal(machine.Memory.Keys, machine.Distances.ByNode.Keys);
    }

    private void Put(string path, string content)
    {
        var full = Path.Combine(_sys.FullName, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, content);
    }
}
