using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Reclaiming;

/// <summary>An image as the garbage collector sees it.</summary>
public sealed record CollectableImage(
    string Id, long SizeBytes, SteadyTime FirstSeen, SteadyTime LastUsed, bool InUse, bool Pinned);

/// <summary>
/// Which images to remove: what is too old, and of the rest none below the high mark, else the longest unused until
/// the low mark. Pure.
/// </summary>
public static class ImageGcPlanner
{
    private const long Whole = 100;

    /// <summary>Those that the disk has no room for.</summary>
    public static IReadOnlyList<CollectableImage> Compute(
        IReadOnlyList<CollectableImage> images, FileSystemUsage disk, HousekeepingOptions rules, SteadyTime now) =>
        IsAboveHighMark(disk, rules) ? Free(images, WantedBytes(disk, rules), rules.ImageMinimumAge, now) : [];

    /// <summary>Those above the maximum age.</summary>
    public static IReadOnlyList<CollectableImage> Old(
        IEnumerable<CollectableImage> images, HousekeepingOptions rules, SteadyTime now) =>
        rules.ImageMaximumAge > TimeSpan.Zero
            ? [.. images.Where(i => !i.InUse && !i.Pinned && now - i.LastUsed > rules.ImageMaximumAge
                && now - i.FirstSeen > rules.ImageMaximumAge)]
            : [];

    /// <summary>What is wrong when images above the maximum age could not be removed, in upstream's words.</summary>
    public static string AgeProblem(HousekeepingOptions rules, string problem) =>
        $"wanted to free images older than {GoDuration.Format(rules.ImageMaximumAge)}, encountered errors in image " +
        $"deletion: {problem}";

    /// <summary>The same of images that the disk has no room for.</summary>
    public static string Problem(FileSystemUsage disk, HousekeepingOptions rules, ImageRemoval removal) =>
        $"wanted to free {WantedBytes(disk, rules)} bytes, but freed {removal.FreedBytes} bytes space with errors in " +
        $"image deletion: {removal.Problem}";

    /// <summary>What is wrong with the disk after a round; null when nothing is.</summary>
    /// <param name="disk">As it was before.</param>
    /// <param name="rules">How much of it may be in use.</param>
    /// <param name="freedBytes">What the round freed.</param>
    public static (string Reason, string Message)? Problem(
        FileSystemUsage disk, HousekeepingOptions rules, long freedBytes)
    {
        if (disk.CapacityBytes == 0)
        {
            return ("InvalidDiskCapacity", "invalid capacity 0 on image filesystem");
        }

        var wanted = WantedBytes(disk, rules);
        return !IsAboveHighMark(disk, rules) || freedBytes >= wanted
            ? null
            : ("FreeDiskSpaceFailed",
                $"Failed to garbage collect required amount of images. Attempted to free {wanted} bytes, but only found "
                + $"{freedBytes} bytes eligible to free.");
    }

    /// <summary>What is free counts in whole percents, as upstream's does: with 15.9 % free, 85 % are in use.</summary>
    private static bool IsAboveHighMark(FileSystemUsage disk, HousekeepingOptions rules) =>
        disk.CapacityBytes > 0
            && Whole - (AvailableBytes(disk) * Whole / disk.CapacityBytes) >= rules.ImageGcHighPercent;

    /// <summary>What is above the low mark.</summary>
    private static long WantedBytes(FileSystemUsage disk, HousekeepingOptions rules) =>
        (disk.CapacityBytes * (Whole - rules.ImageGcLowPercent) / Whole) - AvailableBytes(disk);

    /// <summary>Some file systems tell of more than they hold.</summary>
    private static long AvailableBytes(FileSystemUsage disk) => Math.Min(disk.AvailableBytes, disk.CapacityBytes);

    /// <summary>Images whose removal frees at least so much, if there are so many.</summary>
    public static IReadOnlyList<CollectableImage> Free(
        IEnumerable<CollectableImage> images, long wantedBytes, TimeSpan leastAge, SteadyTime now)
    {
        var chosen = new List<CollectableImage>();
        foreach (var image in images
            .Where(i => !i.InUse && !i.Pinned && now - i.FirstSeen >= leastAge)
            .OrderBy(i => i.LastUsed).ThenBy(i => i.FirstSeen).ThenBy(i => i.Id, StringComparer.Ordinal))
        {
            if (wantedBytes <= 0)
            {
                break;
            }

            chosen.Add(image);
            wantedBytes -= image.SizeBytes;
        }

        return chosen;
    }
}
