using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent;

/// <summary>
/// How the node keeps itself usable: what it watches, and what it removes when. Defaults are upstream's.
/// </summary>
public sealed record HousekeepingOptions
{
    /// <summary>Below these amounts the node reclaims what it can, and then evicts pods.</summary>
    public IReadOnlyList<EvictionThreshold> EvictionThresholds { get; init; } = EvictionThreshold.Defaults;

    /// <summary>How long a pressure condition stays after its cause has gone, so that it does not flap.</summary>
    public TimeSpan PressureTransitionPeriod { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Grace of pods that are evicted for a soft threshold.</summary>
    public TimeSpan EvictionMaxPodGrace { get; init; }

    public TimeSpan EvictionPeriod { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Share of the image file system in use from which unused images are removed, oldest first …</summary>
    public double ImageGcHighShare { get; init; } = 0.85;

    /// <summary>… until this share is reached.</summary>
    public double ImageGcLowShare { get; init; } = 0.80;

    /// <summary>An image that came just now is probably about to be used.</summary>
    public TimeSpan ImageMinimumAge { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Images unused for so long go even when there is room; zero keeps them.</summary>
    public TimeSpan ImageMaximumAge { get; init; }

    public TimeSpan ImageGcPeriod { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A pull that gets no byte for so long is given up.</summary>
    public TimeSpan ImagePullProgressTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Dead instances kept of each container, besides the one that its status shows.</summary>
    public int DeadContainersPerContainer { get; init; } = 1;

    /// <summary>A container's log is rotated at this size.</summary>
    public long LogMaxBytes { get; init; } = 10 * 1024 * 1024;

    /// <summary>Log files per container, the current one included.</summary>
    public int LogMaxFiles { get; init; } = 5;

    public TimeSpan LogPeriod { get; init; } = TimeSpan.FromSeconds(10);
}
