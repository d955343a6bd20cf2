using System.Globalization;
using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>What is watched for scarcity, by upstream's names.</summary>
public enum EvictionSignal
{
    MemoryAvailable,

    /// <summary>What is left to pods of the memory that all of them may have together.</summary>
    AllocatableMemoryAvailable,
    NodeFsAvailable,
    NodeFsInodesFree,
    ImageFsAvailable,
    ImageFsInodesFree,
    PidAvailable,
}

/// <summary>An amount, or a share of what there is.</summary>
public readonly record struct ThresholdAmount(long? Amount, float Share)
{
    private const float Hundred = 100;

    public long Of(long capacity) => Amount ?? (long)(capacity * (double)Share);

    /// <summary>Reads <c>100Mi</c> or <c>10%</c>; null for anything else.</summary>
    public static ThresholdAmount? Parse(string text)
    {
        if (text.EndsWith('%'))
        {
            return float.TryParse(text[..^1], NumberStyles.Float, CultureInfo.InvariantCulture, out var percent)
                && percent is >= 0 and <= Hundred
                ? new ThresholdAmount(null, percent / Hundred)
                : null;
        }

        try
        {
            var amount = new ResourceQuantity(text).ToDecimal();
            return amount is > 0 and <= long.MaxValue ? new ThresholdAmount((long)amount, 0) : null;
        }
        catch (Exception error) when (error is FormatException or OverflowException or ArgumentException)
        {
            return null;
        }
    }
}

/// <summary>The node is short of something when less than this is left of it, for at least the grace period.</summary>
public sealed record EvictionThreshold(EvictionSignal Signal, ThresholdAmount Value)
{
    private const float Tenth = 0.10f;
    private const float Twentieth = 0.05f;
    private const float Seventh = 0.15f;
    private const long HundredMebibytes = 100L * 1024 * 1024;

    /// <summary>What pods are evicted for at once when less of it is left, so that none is promised it.</summary>
    public static long KeptFree(IEnumerable<EvictionThreshold> thresholds, EvictionSignal signal, long capacity) =>
        thresholds.Where(t => t.IsHard && t.Signal == signal).Select(t => t.Value.Of(capacity)).LastOrDefault();

    private static readonly Dictionary<string, EvictionSignal> Names = new(StringComparer.Ordinal)
    {
        ["memory.available"] = EvictionSignal.MemoryAvailable,
        ["allocatableMemory.available"] = EvictionSignal.AllocatableMemoryAvailable,
        ["nodefs.available"] = EvictionSignal.NodeFsAvailable,
        ["nodefs.inodesFree"] = EvictionSignal.NodeFsInodesFree,
        ["imagefs.available"] = EvictionSignal.ImageFsAvailable,
        ["imagefs.inodesFree"] = EvictionSignal.ImageFsInodesFree,
        ["pid.available"] = EvictionSignal.PidAvailable,
    };

    /// <summary>Zero is a hard threshold: pods go at once.</summary>
    public TimeSpan Grace { get; init; }

    /// <summary>How much more than the threshold must be free before it counts as resolved.</summary>
    public ThresholdAmount MinReclaim { get; init; } = new(0, 0);

    public bool IsHard => Grace == TimeSpan.Zero;

    /// <summary>The kubelet's name of a signal.</summary>
    public static string NameOf(EvictionSignal signal) => Names.First(n => n.Value == signal).Key;

    /// <summary>
    /// The kubelet's defaults, and one of ours for process ids: a node without any cannot even start what would help.
    /// </summary>
    public static IReadOnlyList<EvictionThreshold> Defaults { get; } =
    [
        new(EvictionSignal.MemoryAvailable, new ThresholdAmount(HundredMebibytes, 0)),
        new(EvictionSignal.NodeFsAvailable, new ThresholdAmount(null, Tenth)),
        new(EvictionSignal.NodeFsInodesFree, new ThresholdAmount(null, Twentieth)),
        new(EvictionSignal.ImageFsAvailable, new ThresholdAmount(null, Seventh)),
        new(EvictionSignal.ImageFsInodesFree, new ThresholdAmount(null, Twentieth)),
        new(EvictionSignal.PidAvailable, new ThresholdAmount(null, Twentieth)),
    ];

    /// <summary>
    /// The same, and what holds for the machine's memory at once for that of its pods too, as upstream has it.
    /// </summary>
    public static IReadOnlyList<EvictionThreshold> WithAllocatable(IReadOnlyList<EvictionThreshold> thresholds) =>
    [
        .. thresholds,
        .. thresholds.Where(static t => t is { Signal: EvictionSignal.MemoryAvailable, IsHard: true })
            .Select(static t => t with { Signal = EvictionSignal.AllocatableMemoryAvailable }),
    ];

    /// <summary>
    /// Reads the kubelet's form, <c>memory.available&lt;100Mi,nodefs.available&lt;10%</c>; null when it is malformed.
    /// </summary>
    public static IReadOnlyList<EvictionThreshold>? Parse(string text)
    {
        var result = new List<EvictionThreshold>();
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (part.Split('<') is not [var name, var amount] || !Names.TryGetValue(name, out var signal)
                || ThresholdAmount.Parse(amount) is not { } value)
            {
                return null;
            }

            result.Add(new EvictionThreshold(signal, value));
        }

        return result;
    }
}
