using k8s.Models;

namespace OrleansOrchestrator.Grains.Core.Services;

/// <summary>How much an Endpoints object may hold (upstream's <c>truncateEndpoints</c>).</summary>
public static class EndpointCapacity
{
    /// <summary>Most addresses of an Endpoints object; slices have no such limit.</summary>
    public const int MaxAddresses = 1_000;

    /// <summary>
    /// Takes away what is too much: all that are not ready before any that are, and from each subset its part. False
    /// when nothing is.
    /// </summary>
    public static bool Truncate(List<V1EndpointSubset> subsets)
    {
        var ready = subsets.Sum(static s => s.Addresses?.Count ?? 0);
        var unready = subsets.Sum(static s => s.NotReadyAddresses?.Count ?? 0);
        if (ready + unready <= MaxAddresses)
        {
            return false;
        }

        var isReadyCut = ready > MaxAddresses;
        var (room, all) = isReadyCut ? (MaxAddresses, ready) : (MaxAddresses - ready, unready);
        var left = room;
        foreach (var subset in subsets)
        {
            var own = (isReadyCut ? subset.Addresses : subset.NotReadyAddresses) ?? [];
            var part = (int)Math.Ceiling((double)own.Count / all * room);
            var kept = own.Take(Math.Min(left, part)).ToList();
            left -= kept.Count;
            subset.Addresses = isReadyCut ? NullIfEmpty(kept) : subset.Addresses;
            subset.NotReadyAddresses = isReadyCut ? null : NullIfEmpty(kept);
        }

        subsets.RemoveAll(static s => s.Addresses is null && s.NotReadyAddresses is null);
        return true;
    }

    private static List<V1EndpointAddress>? NullIfEmpty(List<V1EndpointAddress> addresses) =>
        addresses.Count == 0 ? null : addresses;
}
