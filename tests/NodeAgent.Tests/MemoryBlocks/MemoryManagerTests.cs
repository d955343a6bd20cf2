using System.Text;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.HugePages;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.MemoryBlocks;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Numa;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.PinningParts;

namespace OrleansOrchestrator.NodeAgent.Tests.MemoryBlocks;

/// <summary>Of which nodes the memory of containers is.</summary>
public sealed class MemoryManagerTests : IDisposable
{
    private const string Pages = "hugepages-2Mi";

    private static readonly MachineTopology TwoNodes = Of(DualSocket) with
    {
        Memory = new Dictionary<int, NumaMemory>
        {
            [0] = new(Gibibyte, [new HugePageSize(2 << 20, 16)]), [1] = new(Gibibyte, [new HugePageSize(2 << 20, 16)]),
        },
    };

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-memory-");
    private readonly KubeletMeters _meters = new();

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Memory_and_huge_pages_are_of_the_fewest_nodes_and_others_have_none_of_their_own()
    {
        var memory = New();
        await AllocateAsync(memory, Pod("p", ("c", "500Mi", "16Mi")));
        var burstable = Pod("b", ("c", "1Mi", null));
        burstable.Spec.Containers[0].Resources.Limits = null;
        await AllocateAsync(memory, burstable);

        Assert.Equal(
            [new MemoryBlock(NumaSet.Of(0), Pages, 16 << 20), new MemoryBlock(NumaSet.Of(0), "memory", 500L << 20)],
            memory.Of("p", "c"));
        Assert.Equal(NumaSet.Of(0), memory.NodesOf("p", "c"));
        Assert.Equal(0, memory.NodesOf("b", "c").Count);
        Assert.Equal(
            [(0, Pages, 32L << 20), (0, "memory", 892L << 20), (1, Pages, 32L << 20), (1, "memory", 892L << 20)],
            memory.Allocatable.Select(static b => (b.Nodes.Nodes[0], b.Type, b.Bytes)));
        Assert.Equal((1, 0), (Count("requests"), Count("errors")));
    }

    [Fact]
    public async Task A_node_that_gives_memory_with_others_gives_none_alone_until_that_is_given_back()
    {
        var memory = New();
        await AllocateAsync(memory, Pod("both", ("c", "1200Mi", null)));
        Assert.Equal(NumaSet.Of(0, 1), memory.NodesOf("both", "c"));
        Assert.Empty(Hints(memory, Pod("next", ("c", "1300Mi", null))));
        Assert.Equal(["11"], Hints(memory, Pod("small", ("c", "100Mi", null))));

        memory.Release("both");

        Assert.Equal(["01+", "10+", "11"], Hints(memory, Pod("small", ("c", "100Mi", null))));
        await AllocateAsync(memory, Pod("small", ("c", "100Mi", null)));
        Assert.Equal(["01+", "10+"], Hints(memory, Pod("next", ("c", "700Mi", null))));
    }

    [Fact]
    public async Task What_is_not_there_is_refused_with_upstreams_words()
    {
        var memory = New();
        Assert.Equal(
            "[memorymanager] failed to get the default NUMA affinity, no NUMA nodes with enough memory is available",
            await ProblemAsync(memory, Pod("p", ("c", "3Gi", null)), nodes: null));
        await AllocateAsync(memory, Pod("one", ("c", "800Mi", null)));
        Assert.Equal(
            "[memorymanager] failed to find NUMA nodes to extend the current topology hint",
            await ProblemAsync(memory, Pod("p", ("c", "800Mi", null)), NumaSet.Of(0)));
        Assert.Equal(
            "[memorymanager] preferred hint violates NUMA node allocation",
            await ProblemAsync(memory, Pod("p", ("c", "100Mi", null)), NumaSet.Of(0, 1)));
        Assert.Equal(3, Count("errors"));
    }

    [Fact]
    public async Task What_cannot_be_written_down_is_not_given_and_may_be_tried_again()
    {
        var memory = New();
        var blocked = Directory.CreateDirectory($"{StatePath}.new");
        await Assert.ThrowsAnyAsync<UnauthorizedAccessException>(
            () => AllocateAsync(memory, Pod("p", ("c", "100Mi", null))));
        Assert.Equal((0, 0), (memory.Of("p", "c").Count, Count("errors")));

        blocked.Delete();
        await AllocateAsync(memory, Pod("p", ("c", "100Mi", null)));
        Assert.NotEmpty(memory.Of("p", "c"));
    }

    [Fact]
    public async Task Init_containers_leave_their_memory_to_those_after_them()
    {
        var memory = New();
        var pod = Pod("p", ("c", "600Mi", null));
        pod.Spec.InitContainers = [Container("init", "800Mi", null)];

        await AllocateAsync(memory, pod);

        Assert.Equal(
            (200L << 20, 600L << 20), (memory.Of("p", "init")[0].Bytes, memory.Of("p", "c")[0].Bytes));
        Assert.Equal(["10+"], Hints(memory, Pod("next", ("c", "100Mi", null))));
    }

    [Fact]
    public async Task Whatever_is_given_and_given_back_is_counted_and_survives_the_agent()
    {
        var random = new Random(20260421);
        var (memory, alive) = (New(), new List<string>());
        var empty = File.ReadAllText(StatePath);
        for (var round = 0; round < 60; round++)
        {
            if (alive.Count > 0 && random.Next(3) == 0)
            {
                var gone = alive[random.Next(alive.Count)];
                memory.Release(gone);
                alive.Remove(gone);
            }
            else
            {
                var pod = Pod($"p{round}", ("c", $"{random.Next(1, 1400)}Mi", random.Next(2) == 0 ? "2Mi" : null));
                pod.Spec.InitContainers = [Container("init", $"{random.Next(1, 1400)}Mi", null)];
                if (await ProblemAsync(memory, pod, nodes: null) is null)
                {
                    alive.Add(pod.Metadata.Uid);
                }
                else
                {
                    memory.Release(pod.Metadata.Uid);
                }
            }

            memory = New(); // reads what it wrote, and refuses what does not add up
        }

        alive.ForEach(memory.Release);
        Assert.Equal(empty, File.ReadAllText(StatePath));
    }

    [Fact]
    public void A_kubelets_file_is_read_and_written_as_it_was()
    {
        const string text =
            """{"policyName":"static","machineState":{"0":{"numberOfAssignments":0,"memoryMap":{"memory":""" +
            """{"total":2048,"systemReserved":512,"allocatable":1536,"reserved":512,"free":1024}},"cells":[]}}""" +
            ""","entries":{"pod":{"container1":[{"numaAffinity":[0],"type":"memory","size":512}]}}""" +
            ""","checksum":4215593881}""";
        File.WriteAllText(StatePath, text);

        var state = Read()!;

        Assert.Equal([new MemoryBlock(NumaSet.Of(0), "memory", 512)], state.Of("pod", "container1"));
        Assert.Equal(text, Encoding.UTF8.GetString(new MemoryCheckpoint("static").Write(state)));
        File.WriteAllText(StatePath, text.Replace("4215593881", "2267633148", StringComparison.Ordinal)); // of 1.36
        Assert.NotNull(Read());
        File.WriteAllText(StatePath, text.Replace("512}]", "513}]", StringComparison.Ordinal));
        Assert.Contains(
            "checkpoint is corrupted, please drain this node",
            Assert.Throws<InvalidDataException>(Read).Message);
    }

    [Theory]
    [InlineData("Other", "", "unknown policy: \"Other\"")]
    [InlineData("Static", "", "[memorymanager] you should specify the system reserved memory")]
    [InlineData("Static", "5:memory=1Gi",
        "the reserved memory configuration references a NUMA node 5 that does not exist on this machine")]
    [InlineData("Static", "0:memory=1Gi",
        "the total amount \"1Gi\" of type \"memory\" is not equal to the value \"200Mi\" determined by Node " +
        "Allocatable feature")]
    [InlineData("Static", "0:memory",
        "the reserved memory has incorrect value for memory type, expected type=quantity, got memory")]
    [InlineData("Static", "memory=1Gi",
        "the reserved memory has incorrect format, expected numaNodeID:type=quantity[,type=quantity...], " +
        "got memory=1Gi")]
    [InlineData("Static", "x:memory=1Gi", "failed to convert the NUMA node ID, exptected integer, got x")]
    [InlineData("Static", "0:cpu=1", "memory type conversion error, unknown type: \"cpu\"")]
    [InlineData("Static", "0:memory=much", "failed to parse the quantity, expected quantity, got much")]
    [InlineData("Static", "0:memory=0",
        "invalid configuration: reserved memory may not be zero for NUMA node 0 and resource \"memory\"")]
    [InlineData("Static", "0:memory=1Gi,memory=1Gi",
        "invalid configuration: the reserved memory has a duplicate value for NUMA node 0 and resource \"memory\"")]
    public void What_cannot_be_here_is_said_before_anything_starts(string policy, string reserved, string problem) =>
        Assert.Equal(problem, AgentPreconditions.ResourceProblem(Options(policy, reserved), TwoNodes));

    private MemoryState? Read() => Checkpoint.Read(_directory.FullName, new MemoryCheckpoint("static"));

    private string StatePath => Path.Combine(_directory.FullName, MemoryCheckpoint.FileName);

    private static async Task AllocateAsync(MemoryManager memory, V1Pod pod, NumaSet? nodes = null)
    {
        foreach (var container in (pod.Spec.InitContainers ?? []).Concat(pod.Spec.Containers))
        {
            await memory.AllocateAsync(pod, container, nodes, CancellationToken.None);
        }
    }

    private static async Task<string?> ProblemAsync(MemoryManager memory, V1Pod pod, NumaSet? nodes)
    {
        try
        {
            await AllocateAsync(memory, pod, nodes);
            return null;
        }
        catch (AllocationException problem)
        {
            return problem.Message;
        }
    }

    /// <summary>Nodes' bits, preferred ones with a plus.</summary>
    private static List<string> Hints(MemoryManager memory, V1Pod pod)
    {
        var hints = memory.HintsOf(pod, pod.Spec.Containers[0]);
        Assert.Equal(hints.Values, memory.HintsOf(pod).Values);
        return
        [
            .. (hints.GetValueOrDefault("memory") ?? []).Select(
                static h => $"{h.Nodes!.Value.Bits:b2}{(h.IsPreferred ? "+" : "")}"),
        ];
    }

    private static V1Pod Pod(string uid, params (string Name, string Memory, string? Pages)[] containers)
    {
        var pod = TestPods.Pod(uid, [.. containers.Select(static c => Container(c.Name, c.Memory, c.Pages))]);
        pod.Metadata.Uid = uid;
        return pod;
    }

    private static V1Container Container(string name, string memory, string? pages)
    {
        var amounts = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1"), ["memory"] = new(memory) };
        if (pages is not null)
        {
            amounts[Pages] = new ResourceQuantity(pages);
        }

        return new V1Container
        {
            Name = name, Resources = new V1ResourceRequirements { Requests = amounts, Limits = amounts },
        };
    }

    private MemoryManager New() =>
        PinningParts.Memory(Options("Static", "0:memory=100Mi;1:memory=100Mi"), TwoNodes, _meters);

    private NodeAgentOptions Options(string policy, string reserved) => new()
    {
        NodeName = "n", DataDirectory = _directory.FullName, SystemReservedMemoryBytes = 100 << 20,
        Housekeeping = new HousekeepingOptions
        {
            Eviction = new EvictionSettings
            {
                Hard = new Dictionary<string, string> { ["memory.available"] = "100Mi" },
            },
        },
        Resources = new ResourceOptions { MemoryPolicy = policy, ReservedMemory = reserved },
    };

    private double Count(string what)
    {
        var (text, series) = (new MetricsText(), $"kubelet_memory_manager_pinning_{what}_total ");
        _meters.Pinning.Write(text);
        var line = text.ToString().Split('\n').Single(l => l.StartsWith(series, StringComparison.Ordinal));
        return double.Parse(line[series.Length..], System.Globalization.CultureInfo.InvariantCulture);
    }
}
