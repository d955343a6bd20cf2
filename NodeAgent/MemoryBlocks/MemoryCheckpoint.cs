using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Numa;

namespace OrleansOrchestrator.NodeAgent.MemoryBlocks;

/// <summary>
/// Who has which memory, in a file that is upstream's, its checksum included, as that of CPUs is.
/// </summary>
public sealed class MemoryCheckpoint(string policy) : ICheckpointForm<MemoryState>
{
    public const string FileName = "memory_manager_state";

    /// <summary>Of kubelets before 1.36.</summary>
    private const string TypeName = "MemoryManagerCheckpoint";

    /// <summary>Of kubelets of 1.36 without the gate PodLevelResourceManagers.</summary>
    private const string RenamedType = "MemoryManagerCheckpointV1";

    public string Name => FileName;

    public string Title => "the memory manager checkpoint file";

    public byte[] Write(MemoryState state) => JsonSerializer.SerializeToUtf8Bytes(new Document
    {
        PolicyName = policy,
        MachineState = state.Nodes.ToDictionary(static n => Text(n.Key), static n => NodeDocument.Of(n.Value)),
        Entries = state.Assigned.IsEmpty ? null : state.Assigned.ToDictionary(
            static p => p.Key,
            static p => p.Value.ToDictionary(static c => c.Key, static c => c.Value.Select(BlockDocument.Of).ToList())),
        Checksum = GoChecksum.Of(Dump(TypeName, policy, state)),
    });

    public MemoryState Read(byte[] content)
    {
        var told = Checkpoint.Required(JsonSerializer.Deserialize<Document>(content, Checkpoint.Strict));
        var state = StateOf(told);
        told.Require(
            policy, "[memorymanager] ", Dump(TypeName, told.PolicyName, state),
            Dump(RenamedType, told.PolicyName, state));
        return state;
    }

    private static MemoryState StateOf(Document told)
    {
        var state = MemoryState.None with
        {
            Nodes = told.MachineState.ToImmutableSortedDictionary(
                static n => int.Parse(n.Key, CultureInfo.InvariantCulture), static n => Checkpoint.Required(n.Value).Node),
        };
        return (told.Entries ?? [])
            .SelectMany(
                static p => Checkpoint.Required(p.Value),
                static (p, c) => (Uid: p.Key, Container: c.Key, Blocks: Checkpoint.Required(c.Value)))
            .Aggregate(state, static (all, own) => all.With(
                own.Uid, own.Container, [.. Checkpoint.AllRequired(own.Blocks).Select(static b => b.Block)]));
    }

    /// <summary>The state as Go's debugging printer writes it, of which upstream makes the checksum.</summary>
    private static string Dump(string type, string policy, MemoryState state)
    {
        var nodes = GoChecksum.Map(state.Nodes.Select(static n => KeyValuePair.Create(Text(n.Key), n.Value)), Dump);
        var entries = GoChecksum.Map(state.Assigned, static pod => GoChecksum.Map(pod, static blocks =>
            $"[{string.Join(' ', blocks.Select(Dump))}]"));
        return $"(*state.{type})" +
            $"{{PolicyName:(string){policy} MachineState:(state.NUMANodeMap){nodes} " +
            $"Entries:(state.ContainerMemoryAssignments){entries} Checksum:(checksum.Checksum)0}}";
    }

    private static string Dump(MemoryNode node) =>
        $"<*>{{NumberOfAssignments:(int){Text(node.Assignments)} " +
        $"MemoryMap:(map[v1.ResourceName]*state.MemoryTable){GoChecksum.Map(node.Tables, Dump)} " +
        $"Cells:([]int){Dump(node.Cells)}}}";

    private static string Dump(MemoryTable table) =>
        $"<*>{{TotalMemSize:(uint64){Text(table.Total)} SystemReserved:(uint64){Text(table.SystemReserved)} " +
        $"Allocatable:(uint64){Text(table.Allocatable)} Reserved:(uint64){Text(table.Reserved)} " +
        $"Free:(uint64){Text(table.Free)}}}";

    private static string Dump(MemoryBlock block) =>
        $"{{NUMAAffinity:([]int){Dump(block.Nodes)} Type:(v1.ResourceName){block.Type} " +
        $"Size:(uint64){Text(block.Bytes)}}}";

    private static string Dump(NumaSet nodes) => $"[{string.Join(' ', nodes.Nodes.Select(static n => Text(n)))}]";

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private sealed record Document : PolicyDocument
    {
        [JsonPropertyName("machineState")]
        public Dictionary<string, NodeDocument> MachineState { get; init; } = [];

        [JsonPropertyName("entries")]
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public Dictionary<string, Dictionary<string, List<BlockDocument>>>? Entries { get; init; }
    }

    private sealed record NodeDocument
    {
        [JsonPropertyName("numberOfAssignments")]
        public int Assignments { get; init; }

        [JsonPropertyName("memoryMap")]
        public Dictionary<string, TableDocument> Tables { get; init; } = [];

        [JsonPropertyName("cells")]
        public IReadOnlyList<int> Cells { get; init; } = [];

        [JsonIgnore]
        public MemoryNode Node => new(
            Assignments, NumaSet.Of(Cells),
            Tables.ToImmutableSortedDictionary(
                static t => t.Key, static t => Checkpoint.Required(t.Value).Table, StringComparer.Ordinal));

        public static NodeDocument Of(MemoryNode node) => new()
        {
            Assignments = node.Assignments,
            Tables = node.Tables.ToDictionary(static t => t.Key, static t => TableDocument.Of(t.Value)),
            Cells = node.Cells.Nodes,
        };
    }

    private sealed record TableDocument
    {
        [JsonPropertyName("total")]
        public long Total { get; init; }

        [JsonPropertyName("systemReserved")]
        public long SystemReserved { get; init; }

        [JsonPropertyName("allocatable")]
        public long Allocatable { get; init; }

        [JsonPropertyName("reserved")]
        public long Reserved { get; init; }

        [JsonPropertyName("free")]
        public long Free { get; init; }

        [JsonIgnore]
        public MemoryTable Table => new(Total, SystemReserved, Allocatable, Reserved);

        public static TableDocument Of(MemoryTable table) => new()
        {
            Total = table.Total, SystemReserved = table.SystemReserved, Allocatable = table.Allocatable,
            Reserved = table.Reserved, Free = table.Free,
        };
    }

    private sealed record BlockDocument
    {
        [JsonPropertyName("numaAffinity")]
        public IReadOnlyList<int> Nodes { get; init; } = [];

        [JsonPropertyName("type")]
        public string Type { get; init; } = "";

        [JsonPropertyName("size")]
        public long Bytes { get; init; }

        [JsonIgnore]
        public MemoryBlock Block => new(NumaSet.Of(Nodes), Type, Bytes);

        public static BlockDocument Of(MemoryBlock block) =>
            new() { Nodes = block.Nodes.Nodes, Type = block.Type, Bytes = block.Bytes };
    }
}
