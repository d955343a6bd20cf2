namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>Figures by which the node is short of something.</summary>
public readonly record struct PressureSignals(
    long MemoryAvailableBytes, long MemoryCapacityBytes, double DiskAvailableShare, double InodesFreeShare, double PidsFreeShare);

/// <summary>What the node is short of right now.</summary>
[Flags]
public enum Pressure
{
    None = 0,
    Memory = 1,
    Disk = 2,
    Pids = 4,
}

/// <summary>Upstream's hard eviction thresholds. Pure.</summary>
public static class NodePressure
{
    public const long MemoryThresholdBytes = 100L * 1024 * 1024;
    public const double DiskThreshold = 0.10;
    public const double InodesThreshold = 0.05;
    public const double PidsThreshold = 0.05;

    public static Pressure Compute(PressureSignals signals) =>
        (signals.MemoryAvailableBytes < MemoryThresholdBytes ? Pressure.Memory : Pressure.None)
        | (signals.DiskAvailableShare < DiskThreshold || signals.InodesFreeShare < InodesThreshold ? Pressure.Disk : Pressure.None)
        | (signals.PidsFreeShare < PidsThreshold ? Pressure.Pids : Pressure.None);
}

/// <summary>
/// The present pressure with its memory: a condition that came stays until the signal has been good for five minutes,
/// so that it does not flap.
/// </summary>
public sealed class PressureState(TimeProvider time)
{
    private static readonly TimeSpan Transition = TimeSpan.FromMinutes(5);

    private readonly Dictionary<Pressure, DateTimeOffset> _lastSeen = [];

    public event Action? Changed;

    public Pressure Current { get; private set; }

    public void Observe(Pressure now)
    {
        var at = time.GetUtcNow();
        var sum = Pressure.None;
        foreach (var one in new[] { Pressure.Memory, Pressure.Disk, Pressure.Pids })
        {
            if (now.HasFlag(one))
            {
                _lastSeen[one] = at;
            }

            if (_lastSeen.TryGetValue(one, out var seen) && at - seen < Transition)
            {
                sum |= one;
            }
        }

        if (sum != Current)
        {
            Current = sum;
            Changed?.Invoke();
        }
    }
}
