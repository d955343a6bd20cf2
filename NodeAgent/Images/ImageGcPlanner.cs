namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>An image as the garbage collector sees it.</summary>
public sealed record CollectableImage(
    string Id, long SizeBytes, DateTimeOffset FirstSeen, DateTimeOffset LastUsed, bool InUse, bool Pinned);

/// <summary>
/// Which images to remove: none below the high mark, else the longest unused until the low mark. Pure.
/// </summary>
public static class ImageGcPlanner
{
    public const double HighShare = 0.85;
    public const double LowShare = 0.80;

    /// <summary>An image that came just now is probably about to be used.</summary>
    public static readonly TimeSpan LeastAge = TimeSpan.FromMinutes(2);

    public static IReadOnlyList<CollectableImage> Compute(
        IEnumerable<CollectableImage> images, long capacityBytes, long availableBytes, DateTimeOffset now)
    {
        var used = capacityBytes - availableBytes;
        if (capacityBytes <= 0 || used < HighShare * capacityBytes)
        {
            return [];
        }

        return Free(images, (long)(used - (LowShare * capacityBytes)), now);
    }

    /// <summary>Images whose removal frees at least so much, if there are so many.</summary>
    public static IReadOnlyList<CollectableImage> Free(
        IEnumerable<CollectableImage> images, long wantedBytes, DateTimeOffset now)
    {
        var chosen = new List<CollectableImage>();
        foreach (var image in images
            .Where(i => !i.InUse && !i.Pinned && now - i.FirstSeen >= LeastAge)
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
