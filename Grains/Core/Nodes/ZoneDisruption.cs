using k8s.Models;

namespace OrleansOrchestrator.Grains.Core.Nodes;

/// <summary>
/// How fast nodes of a zone may be emptied. A few dead nodes are dead; when most of a zone is, its network probably is,
/// and moving everything elsewhere would do more harm.
/// </summary>
public sealed class ZoneDisruption(TimeProvider time)
{
    /// <summary>Nodes that may be emptied, per second.</summary>
    public const double Rate = 0.1;

    /// <summary>The same in a large zone in partial disruption; in a small one it is zero.</summary>
    public const double SecondaryRate = 0.01;

    private const double UnhealthyThreshold = 0.55;
    private const int LargeZone = 50;

    private readonly Dictionary<string, (double Tokens, long At)> _budgets = new(StringComparer.Ordinal);
    private Dictionary<string, double> _rates = new(StringComparer.Ordinal);

    /// <summary>Every node of every zone is down.</summary>
    public bool IsEverythingDown { get; private set; }

    /// <summary>Upstream's key of a node's zone, in which a NUL keeps the parts apart; empty for none.</summary>
    public static string ZoneOf(V1Node node)
    {
        string? region = null, zone = null;
        node.Metadata.Labels?.TryGetValue("topology.kubernetes.io/region", out region);
        node.Metadata.Labels?.TryGetValue("topology.kubernetes.io/zone", out zone);
        return region is null or "" && zone is null or "" ? "" : $"{region}:\0:{zone}";
    }

    /// <summary>Takes stock of all nodes.</summary>
    public void Observe(IEnumerable<(string Zone, bool IsDown)> nodes)
    {
        var zones = nodes.GroupBy(n => n.Zone, StringComparer.Ordinal)
            .Select(g => (g.Key, Down: g.Count(n => n.IsDown), All: g.Count()))
            .ToList();
        IsEverythingDown = zones.Count > 0 && zones.All(z => z.Down == z.All);
        _rates = zones.ToDictionary(z => z.Key, z => RateOf(z.Down, z.All), StringComparer.Ordinal);
    }

    /// <summary>True if a node of the zone may be emptied now; then its share of the rate is used up.</summary>
    public bool TryTake(string zone)
    {
        if (!HasToken(zone))
        {
            return false;
        }

        _budgets[zone] = (_budgets[zone].Tokens - 1, _budgets[zone].At);
        return true;
    }

    /// <summary>True if <see cref="TryTake"/> would succeed.</summary>
    public bool HasToken(string zone)
    {
        var rate = IsEverythingDown ? 0 : _rates.GetValueOrDefault(zone, Rate);
        var now = time.GetTimestamp();
        var (tokens, at) = _budgets.GetValueOrDefault(zone, (1, now));
        tokens = Math.Min(1, tokens + (time.GetElapsedTime(at, now).TotalSeconds * rate));
        _budgets[zone] = (tokens, now);
        return rate > 0 && tokens >= 1;
    }

    private static double RateOf(int down, int all)
    {
        var isPartial = down > 2 && down < all && (double)down / all >= UnhealthyThreshold;
        return !isPartial ? Rate : all > LargeZone ? SecondaryRate : 0;
    }
}
