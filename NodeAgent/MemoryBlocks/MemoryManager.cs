using k8s.Models;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Numa;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.MemoryBlocks;

/// <summary>
/// Gives containers of guaranteed pods memory of certain NUMA nodes, as upstream's memory manager does with its static
/// policy. What is given is on disk before it counts. Safe for any thread.
/// </summary>
public sealed class MemoryManager : IHintProvider
{
    private readonly Checkpoint<MemoryState> _file;
    private readonly bool _isOn;
    private readonly PinningMeters _meters;
    private readonly Lock _lock = new();

    /// <exception cref="InvalidDataException">It cannot be had on this machine, or the file is not one of
    /// ours.</exception>
    public MemoryManager(NodeAgentOptions options, MachineTopology machine, KubeletMeters meters)
    {
        (_isOn, _meters) = (options.Resources.PinsMemory, meters.Pinning);
        var (empty, found) = Start(options, machine);
        _file = new Checkpoint<MemoryState>(
            options.DataDirectory, new MemoryCheckpoint(options.Resources.MemoryPolicy), found ?? empty);
        if (found is null)
        {
            _file.Flush();
        }
    }

    /// <summary>What containers can have of each node and type; nothing where none does.</summary>
    public IEnumerable<MemoryBlock> Allocatable
    {
        get
        {
            lock (_lock)
            {
                return
                [
                    .. from node in State.Nodes
                       from table in node.Value.Tables
                       where table.Value.Allocatable > 0
                       select new MemoryBlock(NumaSet.Of(node.Key), table.Key, table.Value.Allocatable),
                ];
            }
        }
    }

    private MemoryState State => _file.State;

    /// <summary>What the node starts with, by its options and its file.</summary>
    /// <exception cref="InvalidDataException">It cannot.</exception>
    public static (MemoryState Empty, MemoryState? Found) Start(NodeAgentOptions options, MachineTopology machine)
    {
        var empty = MemoryReservation.Of(options, machine)?.Empty(machine) ?? MemoryState.None;
        var form = new MemoryCheckpoint(options.Resources.MemoryPolicy);
        var found = Checkpoint.Read(options.DataDirectory, form);
        return found is not null && !IsOf(found, empty)
            ? throw new InvalidDataException(
                "[memorymanager] the expected machine state is different from the real one: drain this node and " +
                $"remove {Checkpoint.PathOf(options.DataDirectory, form)} before the agent starts again")
            : (empty, found);
    }

    /// <summary>What a container has.</summary>
    public IReadOnlyList<MemoryBlock> Of(string uid, string container)
    {
        lock (_lock)
        {
            return State.Of(uid, container) ?? [];
        }
    }

    /// <summary>Of which nodes a container's memory is; of none in particular where it has none of its own.</summary>
    public NumaSet NodesOf(string uid, string container) =>
        NumaSet.Of(Of(uid, container).SelectMany(static b => b.Nodes.Nodes));

    public bool Concerns(V1Pod pod) => _isOn && MemoryPlanner.WantedOf(pod).Count > 0;

    public TopologyHints HintsOf(V1Pod pod, V1Container container)
    {
        lock (_lock)
        {
            var wanted = _isOn ? MemoryPlanner.Wanted(pod, container) : [];
            return Hints(pod, wanted, State.Of(pod.Metadata.Uid, container.Name));
        }
    }

    public TopologyHints HintsOf(V1Pod pod)
    {
        lock (_lock)
        {
            var has = pod.Inits().Concat(pod.Spec.Containers).Select(c => State.Of(pod.Metadata.Uid, c.Name))
                .FirstOrDefault(static blocks => blocks is not null);
            return Hints(pod, _isOn ? MemoryPlanner.WantedOf(pod) : [], has);
        }
    }

    public Task AllocateAsync(V1Pod pod, V1Container container, NumaSet? nodes, CancellationToken cancellationToken)
    {
        if (_isOn && MemoryPlanner.Wanted(pod, container).Count > 0)
        {
            _meters.MemoryRequests.Add();
            try
            {
                Allocate(pod, container, nodes);
            }
            catch (AllocationException)
            {
                _meters.MemoryErrors.Add();
                throw;
            }
        }

        return Task.CompletedTask;
    }

    public void Release(string uid) => LetGo([uid]);

    public void Keep(Predicate<string> isKnown)
    {
        lock (_lock)
        {
            LetGo([.. State.Assigned.Keys.Where(uid => !isKnown(uid))]);
        }
    }

    /// <summary>The file is of a machine like this one.</summary>
    private static bool IsOf(MemoryState found, MemoryState empty) =>
        found.Assigned.Keys.Aggregate(found, static (state, uid) => state.Release(uid)).Nodes
            .Select(static n => (n.Key, n.Value.Assignments, n.Value.Cells, Tables: string.Join(';', n.Value.Tables)))
            .SequenceEqual(empty.Nodes.Select(
                static n => (n.Key, n.Value.Assignments, n.Value.Cells, Tables: string.Join(';', n.Value.Tables))));

    private TopologyHints Hints(
        V1Pod pod, SortedDictionary<string, long> wanted, IReadOnlyList<MemoryBlock>? has)
    {
        var hints = new TopologyHints();
        if (has is null)
        {
            var all = MemoryPlanner.Hints(State, pod, wanted);
            foreach (var type in wanted.Keys.Where(_ => all.Count > 0))
            {
                hints[type] = all; // where there are none, upstream's manager has no opinion, and refuses later
            }
        }
        else if (has.Count == wanted.Count && has.All(b => wanted.GetValueOrDefault(b.Type, -1) == b.Bytes))
        {
            foreach (var block in has)
            {
                hints[block.Type] = [new TopologyHint(block.Nodes, IsPreferred: true)];
            }
        }

        return hints;
    }

    private void Allocate(V1Pod pod, V1Container container, NumaSet? nodes)
    {
        lock (_lock)
        {
            if (State.Of(pod.Metadata.Uid, container.Name) is null)
            {
                _file.Take(MemoryPlanner.Allocate(State, pod, container, nodes));
            }
        }
    }

    private void LetGo(IReadOnlyList<string> uids)
    {
        lock (_lock)
        {
            var next = uids.Where(State.Assigned.ContainsKey)
                .Aggregate(State, static (state, uid) => state.Release(uid));
            if (!ReferenceEquals(next, State))
            {
                _file.Free(next);
                _file.Flush();
            }
        }
    }
}
