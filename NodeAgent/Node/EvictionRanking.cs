using k8s.Models;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>A pod with what it uses; null when nothing is known of it.</summary>
public sealed record EvictionCandidate(V1Pod Pod, PodUsage? Usage);

/// <summary>
/// Who goes first when the node is short of something: upstream's order. Critical and static pods stay. Pure.
/// </summary>
public static class EvictionRanking
{
    /// <summary>
    /// Above its request first (not for processes, which nobody requests), then lower priority, then furthest above the
    /// request. What nothing is known of counts as above all, where use is compared.
    /// </summary>
    public static IReadOnlyList<EvictionCandidate> Rank(
        IEnumerable<EvictionCandidate> candidates, EvictionSignal signal, bool hasImageFs) =>
    [
        .. candidates.Where(c => !c.Pod.IsCritical())
            .Select(c => (Candidate: c, Used: Used(c, signal, hasImageFs), Requested: Requested(c.Pod, signal)))
            .OrderByDescending(c => signal != EvictionSignal.PidAvailable && c.Used is null)
            .ThenByDescending(c => signal != EvictionSignal.PidAvailable && c.Used > c.Requested)
            .ThenBy(c => c.Candidate.Pod.Spec.Priority ?? 0)
            .ThenByDescending(c => c.Used is null)
            .ThenByDescending(c => c.Used - c.Requested)
            .ThenBy(c => c.Candidate.Pod.Metadata.Uid, StringComparer.Ordinal)
            .Select(c => c.Candidate),
    ];

    private static long? Used(EvictionCandidate candidate, EvictionSignal signal, bool hasImageFs)
    {
        var isNodeFs = signal is EvictionSignal.NodeFsAvailable or EvictionSignal.NodeFsInodesFree;
        return signal switch
        {
            EvictionSignal.MemoryAvailable or EvictionSignal.AllocatableMemoryAvailable => candidate.Usage?.MemoryBytes,
            EvictionSignal.PidAvailable => candidate.Usage?.Processes,
            EvictionSignal.NodeFsInodesFree or EvictionSignal.ImageFsInodesFree => Disk()?.Inodes,
            _ => Disk()?.Bytes,
        };

        DiskAmount? Disk() => candidate.Usage?.Disk(roots: !hasImageFs || !isNodeFs, rest: !hasImageFs || isNodeFs);
    }

    private static long Requested(V1Pod pod, EvictionSignal signal) => signal switch
    {
        EvictionSignal.MemoryAvailable or EvictionSignal.AllocatableMemoryAvailable =>
            PodResources.Requested(pod, "memory"),
        EvictionSignal.NodeFsAvailable or EvictionSignal.ImageFsAvailable =>
            PodResources.Requested(pod, "ephemeral-storage"),
        _ => 0,
    };
}
