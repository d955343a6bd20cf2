using System.Collections.Immutable;
using OrleansOrchestrator.NodeAgent.Numa;
using Containers = System.Collections.Immutable.ImmutableSortedDictionary<
    string, OrleansOrchestrator.NodeAgent.Numa.CpuSet>;

namespace OrleansOrchestrator.NodeAgent.Cpus;

/// <summary>Who has which CPUs.</summary>
/// <param name="Shared">Those that all containers without CPUs of their own run on.</param>
/// <param name="Assigned">Those that one container has, by its pod's uid and its name.</param>
public sealed record CpuState(CpuSet Shared, ImmutableSortedDictionary<string, Containers> Assigned)
{
    public static readonly CpuState None = new(
        CpuSet.Empty, ImmutableSortedDictionary.Create<string, Containers>(StringComparer.Ordinal));

    private static readonly Containers Nobody =
        ImmutableSortedDictionary.Create<string, CpuSet>(StringComparer.Ordinal);

    /// <summary>All that some container has.</summary>
    public CpuSet Exclusive => CpuSet.Of(Assigned.Values.SelectMany(static c => c.Values).SelectMany(static c => c));

    /// <summary>What a container has for itself; null for nothing.</summary>
    public CpuSet? Of(string uid, string container) =>
        Assigned.GetValueOrDefault(uid, Nobody).GetValueOrDefault(container);

    public CpuState Assign(string uid, string container, CpuSet cpus) => new(
        Shared.Except(cpus),
        Assigned.SetItem(uid, Assigned.GetValueOrDefault(uid, Nobody).SetItem(container, cpus)));

    public CpuState Release(string uid) => new(
        Shared.Union(CpuSet.Of(Assigned.GetValueOrDefault(uid, Nobody).Values.SelectMany(static c => c))),
        Assigned.Remove(uid));
}
