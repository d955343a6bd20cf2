using System.Globalization;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent;

/// <summary>
/// How the node keeps itself usable: what it watches, and what it removes when. Defaults are upstream's.
/// </summary>
public sealed record HousekeepingOptions
{
    private const int Percent = 100;

    /// <summary>How little may be left before the node reclaims what it can, and then evicts pods.</summary>
    public EvictionSettings Eviction { get; init; } = new();

    /// <summary>How long a pressure condition stays after its cause has gone, so that it does not flap.</summary>
    public TimeSpan PressureTransitionPeriod { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Grace of pods that are evicted for a soft threshold.</summary>
    public TimeSpan EvictionMaxPodGrace { get; init; }

    public TimeSpan EvictionPeriod { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Share of the image file system in use from which unused images are removed, oldest first …</summary>
    public double ImageGcHighShare { get; init; } = 0.85;

    /// <summary>… until this share is reached.</summary>
    public double ImageGcLowShare { get; init; } = 0.80;

    /// <summary>The high share in whole percents, in which upstream reckons.</summary>
    public int ImageGcHighPercent => (int)Math.Round(ImageGcHighShare * Percent);

    /// <summary>The low share in whole percents.</summary>
    public int ImageGcLowPercent => (int)Math.Round(ImageGcLowShare * Percent);

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

    /// <summary>What of it cannot be, in upstream's words where it has some; null when all can.</summary>
    public string? Problem => Problems.FirstOrDefault(static problem => problem is not null);

    private IEnumerable<string?> Problems =>
    [
        NoPercentage("imageGCHighThresholdPercent (--image-gc-high-threshold)", ImageGcHighPercent),
        NoPercentage("imageGCLowThresholdPercent (--image-gc-low-threshold)", ImageGcLowPercent),
        ImageGcLowPercent >= ImageGcHighPercent
            ? $"imageGCLowThresholdPercent (--image-gc-low-threshold) {Text(ImageGcLowPercent)} must be less than "
                + $"imageGCHighThresholdPercent (--image-gc-high-threshold) {Text(ImageGcHighPercent)}"
            : null,
        Negative("imageMinimumGCAge", ImageMinimumAge),
        Negative("imageMaximumGCAge", ImageMaximumAge),
        ImageMaximumAge > TimeSpan.Zero && ImageMaximumAge <= ImageMinimumAge
            ? $"imageMaximumGCAge {Text(ImageMaximumAge)} must be greater than imageMinimumGCAge "
                + Text(ImageMinimumAge)
            : null,
        LogMaxFiles <= 1 ? "containerLogMaxFiles must be greater than 1" : null,
        Negative("evictionPressureTransitionPeriod", PressureTransitionPeriod),
        Negative("--image-pull-progress-timeout", ImagePullProgressTimeout),
    ];

    private static string? NoPercentage(string name, int value) =>
        value is < 0 or > Percent ? $"{name} {Text(value)} must be between 0 and 100, inclusive" : null;

    private static string? Negative(string name, TimeSpan period) =>
        period < TimeSpan.Zero ? $"{name} {Text(period)} must not be negative" : null;

    private static string Text(TimeSpan period) => GoDuration.Format(period);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
