using k8s.Models;

namespace OrleansOrchestrator.Grains.Core.Events;

/// <summary>When an Event has been there long enough.</summary>
internal static class EventExpiry
{
    /// <summary>Whether it was last written so long ago.</summary>
    /// <param name="item">The Event.</param>
    /// <param name="life">How long Events stay after their last write.</param>
    /// <param name="now">The present.</param>
    public static bool IsOver(Corev1Event item, TimeSpan life, DateTimeOffset now) =>
        Writes(item).OfType<DateTime>().Select(static t => new DateTimeOffset(t, TimeSpan.Zero))
            .Where(t => t <= now).All(t => now - t >= life);

    /// <summary>
    /// Times at which it was written, as it tells itself: whoever counts a repetition sets the time of the last one.
    /// What reporters say is not the server's clock, so that times that are yet to come say nothing.
    /// </summary>
    private static IEnumerable<DateTime?> Writes(Corev1Event item) =>
    [
        item.Metadata.CreationTimestamp, item.LastTimestamp, item.Series?.LastObservedTime,
        .. (item.Metadata.ManagedFields ?? []).Select(static m => m.Time),
    ];
}
