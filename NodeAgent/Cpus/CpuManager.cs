using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Numa;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Cpus;

/// <summary>
/// Gives CPUs to containers of guaranteed pods that request whole ones, as upstream's CPU manager does with its static
/// policy; all others share what is left. What is given is on disk before it counts. Safe for any thread.
/// </summary>
public sealed class CpuManager : IHintProvider
{
    private const int MilliPerCpu = 1000;

    private readonly Checkpoint<CpuState> _file;
    private readonly CpuTopology _topology;
    private readonly CpuReservation? _rules;
    private readonly PinningMeters _meters;
    private readonly Lock _lock = new();

    /// <exception cref="InvalidDataException">It cannot be had on this machine, or the file is not one of
    /// ours.</exception>
    public CpuManager(NodeAgentOptions options, MachineTopology machine, KubeletMeters meters)
    {
        (_topology, _meters) = (machine.Cpus, meters.Pinning);
        (_rules, var found) = Start(options, machine.Cpus);
        _file = new Checkpoint<CpuState>(
            options.DataDirectory, new CpuCheckpoint(options.Resources.CpuPolicy),
            found ?? CpuState.None with { Shared = _rules?.Known ?? CpuSet.Empty });
        if (found is null)
        {
            _file.Flush();
        }

        ExpectMeters();
        Measure();
    }

    /// <summary>Raised when containers that share CPUs have others to share.</summary>
    public event Action? Changed;

    /// <summary>Containers may have CPUs for themselves.</summary>
    public bool IsOn => _rules is not null;

    /// <summary>CPUs that containers can have for themselves; none where no container does.</summary>
    public CpuSet Allocatable => _rules is null ? CpuSet.Empty : _topology.All.Except(_rules.Reserved);

    private CpuState State => _file.State;

    private CpuSet Available => State.Shared.Except(_rules!.Reserved);

    /// <summary>What the node starts with, by its options and its file.</summary>
    /// <exception cref="InvalidDataException">It cannot.</exception>
    public static (CpuReservation? Rules, CpuState? State) Start(NodeAgentOptions options, CpuTopology topology)
    {
        var rules = CpuReservation.Of(options, topology);
        var form = new CpuCheckpoint(options.Resources.CpuPolicy);
        var state = Checkpoint.Read(options.DataDirectory, form);
        return rules is not null && state is not null && rules.Refuse(state) is { } problem
            ? throw new InvalidDataException(
                $"{problem}: drain this node and remove " +
                $"{Checkpoint.PathOf(options.DataDirectory, form)} before the agent starts again")
            : (rules, state is { Shared.IsEmpty: true } && rules is not null ? null : state);
    }

    /// <summary>What a container has for itself; none where it shares.</summary>
    public CpuSet ExclusiveOf(string uid, string container)
    {
        lock (_lock)
        {
            return State.Of(uid, container) ?? CpuSet.Empty;
        }
    }

    /// <summary>Where a container runs; empty for anywhere.</summary>
    public CpuSet AffinityOf(string uid, string container)
    {
        lock (_lock)
        {
            return State.Of(uid, container) ?? State.Shared;
        }
    }

    /// <summary>Some container of the pod has CPUs for itself, and need not be held to an amount.</summary>
    public bool HasExclusive(V1Pod pod)
    {
        lock (_lock)
        {
            return State.Assigned.ContainsKey(pod.Metadata.Uid);
        }
    }

    public bool Concerns(V1Pod pod) => All(pod).Any(c => Wanted(pod, c) > 0);

    public TopologyHints HintsOf(V1Pod pod, V1Container container)
    {
        lock (_lock)
        {
            return Wanted(pod, container) is var count and > 0
                ? Hints(State.Of(pod.Metadata.Uid, container.Name), count, Reusable(pod, container))
                : [];
        }
    }

    public TopologyHints HintsOf(V1Pod pod)
    {
        lock (_lock)
        {
            if (WantedOf(pod) is not (var count and > 0))
            {
                return [];
            }

            var has = All(pod).Select(c => (Wanted: Wanted(pod, c), Has: State.Of(pod.Metadata.Uid, c.Name)))
                .Where(static c => c.Has is not null).ToList();
            var assigned = CpuSet.Of(has.SelectMany(static c => c.Has!));
            return has.Exists(static c => c.Has!.Count != c.Wanted) ? Told([])
                : Hints(assigned.Count == count ? assigned : null, count, assigned);
        }
    }

    public Task AllocateAsync(V1Pod pod, V1Container container, NumaSet? nodes, CancellationToken cancellationToken)
    {
        if (Wanted(pod, container) is var count and > 0)
        {
            _meters.CpuRequests.Add();
            try
            {
                Allocate(pod, container, count, nodes);
            }
            catch (AllocationException)
            {
                CountFailure();
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

    private static IEnumerable<V1Container> All(V1Pod pod) => pod.Inits().Concat(pod.Spec.Containers);

    /// <summary>How many CPUs a container has for itself; 0 where it shares.</summary>
    private int Wanted(V1Pod pod, V1Container container)
    {
        if (_rules is null || PodResources.Qos(pod) != PodResources.Guaranteed || PodResources.HasPodLevel(pod))
        {
            return 0; // amounts of the pod as a whole say nothing of its containers: upstream's gate for that is off
        }

        var milli = PodResources.MilliCpu(container.Resources?.Requests ?? container.Resources?.Limits);
        return milli % MilliPerCpu == 0 ? (int)(milli / MilliPerCpu) : 0;
    }

    /// <summary>The same of all its containers, of which init containers run one after the other.</summary>
    private int WantedOf(V1Pod pod)
    {
        var (sidecars, most) = (0, 0);
        foreach (var init in pod.Inits())
        {
            most = Math.Max(most, sidecars + Wanted(pod, init));
            sidecars += init.IsSidecar() ? Wanted(pod, init) : 0;
        }

        return Math.Max(most, sidecars + pod.Spec.Containers.Sum(c => Wanted(pod, c)));
    }

    /// <summary>What init containers before it leave to a container.</summary>
    private CpuSet Reusable(V1Pod pod, V1Container container) =>
        All(pod).TakeWhile(c => c.Name != container.Name).Aggregate(CpuSet.Empty, (free, before) =>
            State.Of(pod.Metadata.Uid, before.Name) is not { } cpus ? free
            : pod.IsPlainInit(before) ? free.Union(cpus)
            : free.Except(cpus));

    private TopologyHints Hints(CpuSet? has, int count, CpuSet reusable) =>
        has is null ? Told(CpuHints.Of(_topology, Available, reusable, count))
        : has.Count == count ? Told(CpuHints.Of(_topology, has, CpuSet.Empty, count))
        : Told([]);

    private static TopologyHints Told(IReadOnlyList<TopologyHint> hints) => new() { [PodResources.Cpu] = hints };

    private void Allocate(V1Pod pod, V1Container container, int count, NumaSet? nodes)
    {
        lock (_lock)
        {
            if (State.Of(pod.Metadata.Uid, container.Name) is null)
            {
                RequireWholeCores(count);
                var cpus = Choose(count, nodes, Available.Union(Reusable(pod, container)));
                Take(State.Assign(pod.Metadata.Uid, container.Name, cpus));
                if (_topology.Ids(cpus, CpuTopology.Cache).Count <= 1)
                {
                    _meters.Aligned.Add(PinningMeters.OneCache, ResourceOptions.ContainerScope);
                }
            }
        }

        if (_rules!.Options.WholeCoresOnly)
        {
            _meters.Aligned.Add(PinningMeters.WholeCores, ResourceOptions.ContainerScope);
        }

        Changed?.Invoke();
    }

    private void RequireWholeCores(int count)
    {
        if (!_rules!.Options.WholeCoresOnly)
        {
            return;
        }

        var (threads, free) = (_topology.ThreadsPerCore, State.Shared.Except(_rules.ReservedCores).Count);
        var problem = count % threads != 0
            ? $"requested {count} cpus not multiple cpus per core = {threads}"
            : count > free
            ? $"not enough free physical CPUs: available physical CPUs = {free}, requested CPUs = {count}, " +
                $"CPUs per core = {threads}"
            : null;
        if (problem is not null)
        {
            throw new AllocationException($"SMT Alignment Error: {problem}", "SMTAlignmentError");
        }
    }

    /// <summary>From the nodes as far as they have any, the rest from anywhere.</summary>
    private CpuSet Choose(int count, NumaSet? nodes, CpuSet free)
    {
        var near = nodes is { } wanted ? _topology.In(free, wanted) : CpuSet.Empty;
        var cpus = CpuAssignment.Take(_topology, near, Math.Min(count, near.Count), _rules!.Options);
        return cpus.Union(
            CpuAssignment.Take(_topology, free.Except(cpus), count - cpus.Count, _rules.Options));
    }

    private void CountFailure()
    {
        _meters.CpuErrors.Add();
        if (_rules!.Options.WholeCoresOnly)
        {
            _meters.NotAligned.Add(PinningMeters.WholeCores, ResourceOptions.ContainerScope);
        }
    }

    private void Take(CpuState next)
    {
        _file.Take(next);
        Measure();
    }

    private void LetGo(IReadOnlyList<string> uids)
    {
        lock (_lock)
        {
            var next = uids.Where(State.Assigned.ContainsKey)
                .Aggregate(State, static (state, uid) => state.Release(uid));
            if (ReferenceEquals(next, State))
            {
                return;
            }

            _file.Free(next);
            Measure();
        }

        Changed?.Invoke();
        lock (_lock)
        {
            _file.Flush();
        }
    }

    private void ExpectMeters()
    {
        if (_rules is not null)
        {
            _meters.NotAligned.Expect(PinningMeters.WholeCores, ResourceOptions.ContainerScope);
            _meters.Aligned.Expect(PinningMeters.WholeCores, ResourceOptions.ContainerScope);
            _meters.Aligned.Expect(PinningMeters.OneCache, ResourceOptions.ContainerScope);
        }
    }

    private void Measure()
    {
        if (_rules is null)
        {
            return;
        }

        var exclusive = State.Exclusive;
        _meters.SharedMilliCpu.Set(Available.Count * MilliPerCpu);
        _meters.ExclusiveCpus.Set(exclusive.Count);
        foreach (var node in _topology.Nodes)
        {
            _meters.CpusByNode.Set(
                _topology.In(exclusive, CpuTopology.Node, node).Count, node.ToString(CultureInfo.InvariantCulture));
        }
    }
}
