using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>How much is left of something, and how much there is in all.</summary>
public readonly record struct Observation(long Available, long Capacity);

/// <summary>What the planner remembers from one look to the next.</summary>
public sealed record EvictionMemory
{
    public static EvictionMemory None { get; } = new();

    /// <summary>Since when each threshold has been met without a break.</summary>
    public IReadOnlyDictionary<EvictionThreshold, SteadyTime> MetSince { get; init; } =
        new Dictionary<EvictionThreshold, SteadyTime>();

    /// <summary>
    /// Thresholds that drove evictions and are not resolved: these must give back their least reclaim.
    /// </summary>
    public IReadOnlySet<EvictionThreshold> Unresolved { get; init; } = new HashSet<EvictionThreshold>();

    public IReadOnlyDictionary<Pressure, SteadyTime> LastSeen { get; init; } = new Dictionary<Pressure, SteadyTime>();
}

/// <summary>The outcome of one look.</summary>
public sealed record EvictionLook
{
    public required EvictionMemory Memory { get; init; }

    /// <summary>What the node's conditions say.</summary>
    public required Pressure Pressure { get; init; }

    /// <summary>Thresholds to act upon now, the most urgent one first.</summary>
    public required IReadOnlyList<EvictionThreshold> Due { get; init; }
}

/// <summary>
/// The rules of eviction, upstream's: a threshold is met when less is left than it says; it is acted upon after its
/// grace; one that was acted upon stays until its least reclaim is free as well; a condition stays for the transition
/// period after its cause; memory is reclaimed before all else, because its lack kills. Pure.
/// </summary>
public static class EvictionPlanner
{
    /// <summary>How long a pod may take that has to go at once.</summary>
    public static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(1);

    /// <summary>How long a pod may take to end; below a soft threshold no longer than it asks for itself.</summary>
    public static TimeSpan GraceOf(EvictionThreshold threshold, V1Pod pod, TimeSpan atMost) =>
        threshold.IsHard ? AtOnce
        : pod.Spec.TerminationGracePeriodSeconds is { } own && Periods.Of(own) < atMost ? Periods.Of(own)
        : atMost;

    public static EvictionLook Look(
        EvictionMemory before,
        IReadOnlyList<EvictionThreshold> thresholds,
        IReadOnlyDictionary<EvictionSignal, Observation> observations,
        TimeSpan transition,
        SteadyTime now)
    {
        var met = thresholds
            .Where(t => IsMet(t, observations, withReclaim: before.Unresolved.Contains(t))).ToList();
        var since = met.ToDictionary(t => t, t => before.MetSince.TryGetValue(t, out var first) ? first : now);
        var due = met.Where(t => now - since[t] >= t.Grace).ToList();
        var seen = new Dictionary<Pressure, SteadyTime>(before.LastSeen);
        foreach (var threshold in met)
        {
            seen[PressureOf(threshold.Signal)] = now;
        }

        return new EvictionLook
        {
            Memory = new EvictionMemory { MetSince = since, Unresolved = due.ToHashSet(), LastSeen = seen },
            Pressure = seen.Where(s => now - s.Value < transition || s.Value == now)
                .Aggregate(Pressure.None, (sum, s) => sum | s.Key),
            Due =
            [
                .. due.Where(static t => PressureOf(t.Signal) == Pressure.Memory).OrderBy(static t => t.Signal),
                .. due.Where(static t => PressureOf(t.Signal) != Pressure.Memory),
            ],
        };
    }

    /// <summary>Whether anything is still short after the node has freed what it could.</summary>
    public static bool IsAnyMet(
        IReadOnlyList<EvictionThreshold> thresholds, IReadOnlyDictionary<EvictionSignal, Observation> observations) =>
        thresholds.Any(t => IsMet(t, observations, withReclaim: true));

    /// <summary>The resource's name in messages and requests.</summary>
    public static string ResourceOf(EvictionSignal signal) => signal switch
    {
        EvictionSignal.MemoryAvailable or EvictionSignal.AllocatableMemoryAvailable => "memory",
        EvictionSignal.PidAvailable => "pids",
        EvictionSignal.NodeFsInodesFree or EvictionSignal.ImageFsInodesFree => "inodes",
        _ => "ephemeral-storage",
    };

    private static bool IsMet(
        EvictionThreshold threshold, IReadOnlyDictionary<EvictionSignal, Observation> observations, bool withReclaim)
    {
        if (!observations.TryGetValue(threshold.Signal, out var observed) || observed.Capacity <= 0)
        {
            return false; // nothing is known of it (some file systems count no inodes)
        }

        var least = threshold.Value.Of(observed.Capacity)
            + (withReclaim ? threshold.MinReclaim.Of(observed.Capacity) : 0);
        return observed.Available < least;
    }

    private static Pressure PressureOf(EvictionSignal signal) => signal switch
    {
        EvictionSignal.MemoryAvailable or EvictionSignal.AllocatableMemoryAvailable => Pressure.Memory,
        EvictionSignal.PidAvailable => Pressure.Pids,
        _ => Pressure.Disk,
    };
}
