namespace OrleansOrchestrator.Grains.Discovery;

/// <summary>How many of a Service's endpoints are to be for a zone.</summary>
/// <param name="Minimum">With fewer, each of them would carry a fifth more than its part.</param>
/// <param name="Maximum">With more, another zone would have too few.</param>
/// <param name="Desired">The zone's share, but not less than the minimum.</param>
internal readonly record struct ZoneAllocation(int Minimum, int Maximum, double Desired)
{
    private const double OverloadThreshold = 0.2;

    /// <summary>Allocations by zone; null, and why, when no zone could be spared an overload.</summary>
    public static (IReadOnlyDictionary<string, ZoneAllocation>? Zones, string? WhyNot) Of(
        IReadOnlyDictionary<string, double>? shares, int endpoints)
    {
        if (shares is null)
        {
            return (
                null,
                "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes");
        }

        var counts = $"({endpoints} endpoints, {shares.Count} zones)";
        if (shares.Count > endpoints)
        {
            return (null, $"Insufficient number of endpoints {counts}");
        }

        var minimums = shares.ToDictionary(
            s => s.Key, s => Minimal(s.Value * endpoints), StringComparer.Ordinal);
        var spare = endpoints - minimums.Values.Sum();
        return spare < 0
            ? (
                null,
                "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold "
                    + counts)
            : (
                minimums.ToDictionary(
                    m => m.Key,
                    m => new ZoneAllocation(
                        m.Value, m.Value + spare, Math.Max(shares[m.Key] * endpoints, m.Value)),
                    StringComparer.Ordinal),
                null);
    }

    private static int Minimal(double desired) => (int)Math.Ceiling(desired * (1 / (1 + OverloadThreshold)));
}
