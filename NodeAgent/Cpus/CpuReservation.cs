using System.Globalization;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Numa;

namespace OrleansOrchestrator.NodeAgent.Cpus;

/// <summary>What a policy for CPUs starts with: its options, what it keeps for the system, and who has what.</summary>
public sealed record CpuReservation(CpuTopology Topology, CpuPolicyOptions Options, CpuSet Reserved)
{
    private const int MilliPerCpu = 1000;

    /// <summary>Those that containers can have or share.</summary>
    public CpuSet Known => Options.KeepsReserved ? Topology.All.Except(Reserved) : Topology.All;

    /// <summary>
    /// The reserved CPUs and those beside them in their cores: where cores are given whole, none of these can be.
    /// </summary>
    public CpuSet ReservedCores { get; } = Topology.WholeCores(Reserved);

    /// <summary>What the options say; null where no container gets CPUs.</summary>
    /// <exception cref="InvalidDataException">They cannot be had on this machine; the text is upstream's.</exception>
    public static CpuReservation? Of(NodeAgentOptions agent, CpuTopology topology)
    {
        var named = Named(agent.Resources.ReservedCpus, topology);
        switch (agent.Resources.CpuPolicy)
        {
            case ResourceOptions.NoCpus when agent.Resources.CpuPolicyOptions.Count > 0:
                throw new InvalidDataException("new none policy error: None policy: received unsupported options=" +
                    $"map[{string.Join(' ', Sorted(agent.Resources.CpuPolicyOptions))}]");
            case ResourceOptions.NoCpus:
                return null;
            case ResourceOptions.StaticCpus:
                return CpuPolicyOptions.Read(agent.Resources.CpuPolicyOptions, out var options) is { } problem
                    ? throw new InvalidDataException($"new static policy error: {problem}")
                    : new CpuReservation(topology, options, Keep(agent, topology, named, options));
            default:
                throw new InvalidDataException($"unknown policy: {GoQuotes.Quote(agent.Resources.CpuPolicy)}");
        }
    }

    /// <summary>Why what a file says cannot go on here, or null.</summary>
    public string? Refuse(CpuState state)
    {
        if (state.Shared.IsEmpty)
        {
            return state.Assigned.IsEmpty ? null : "default cpuset cannot be empty";
        }

        var (shared, both) = (state.Shared.ToString(), Reserved.Intersect(state.Shared));
        if (Options.KeepsReserved && !both.IsEmpty)
        {
            return $"some of strictly reserved cpus: \"{both}\" are present in defaultCpuSet: \"{shared}\"";
        }

        if (!Options.KeepsReserved && !both.Equals(Reserved))
        {
            return $"not all reserved cpus: \"{Reserved}\" are present in defaultCpuSet: \"{shared}\"";
        }

        foreach (var (uid, container, cpus) in state.Assigned.SelectMany(
            static p => p.Value, static (p, c) => (p.Key, c.Key, c.Value)))
        {
            if (!state.Shared.Intersect(cpus).IsEmpty)
            {
                return
                    $"pod: {uid}, container: {container} cpuset: \"{cpus}\" overlaps with default cpuset \"{shared}\"";
            }
        }

        return state.Shared.Union(state.Exclusive) is var all && !all.Equals(Known)
            ? $"current set of available CPUs \"{Known}\" doesn't match with CPUs in state \"{all}\""
            : null;
    }

    private static IEnumerable<string> Sorted(IReadOnlyDictionary<string, string> options) =>
        options.OrderBy(static o => o.Key, StringComparer.Ordinal).Select(static o => $"{o.Key}:{o.Value}");

    private static CpuSet Named(string text, CpuTopology topology) =>
        CpuSet.Read(text, out var cpus) is { } problem
            ? throw new InvalidDataException(
                $"invalid configuration: unable to parse reservedSystemCPUs (--reserved-cpus) {text}, error: {problem}")
        : cpus.IsSubsetOf(topology.All)
            ? cpus
            : throw new InvalidDataException(
                $"reserved-cpus: {text} is not a subset of online-cpus: {topology.All}");

    private static CpuSet Keep(NodeAgentOptions agent, CpuTopology topology, CpuSet named, CpuPolicyOptions options)
    {
        var count = (int)((agent.SystemReservedMilliCpu + MilliPerCpu - 1) / MilliPerCpu);
        if (count <= 0)
        {
            throw new InvalidDataException(
                "[cpumanager] the static policy requires systemreserved.cpu + kubereserved.cpu to be greater than " +
                "zero");
        }

        if (!named.IsEmpty)
        {
            return named;
        }

        return count <= topology.All.Count
            ? CpuAssignment.Take(topology, topology.All, count, options)
            : throw new InvalidDataException(
                "new static policy error: [cpumanager] unable to reserve the required amount of CPUs (size of " +
                string.Create(CultureInfo.InvariantCulture, $" did not equal {count})"));
    }
}
