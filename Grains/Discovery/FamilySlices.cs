using k8s.Models;

namespace OrleansOrchestrator.Grains.Discovery;

/// <summary>The slices of one address family while their hints are worked out.</summary>
/// <param name="open">To be written, with endpoints that nobody else holds.</param>
/// <param name="resting">As they are in the cluster.</param>
internal sealed class FamilySlices(List<V1EndpointSlice> open, List<V1EndpointSlice> resting)
{
    private readonly List<(V1EndpointSlice Old, V1EndpointSlice New)> _reopened = [];

    /// <summary>Slices that have to be written for their hints alone.</summary>
    public IEnumerable<V1EndpointSlice> Reopened => _reopened
        .Where(r => !r.Old.Endpoints.Zip(r.New.Endpoints).All(static e => EndpointEquality.Same(e.First, e.Second)))
        .Select(r => r.New);

    /// <summary>Gives every ready endpoint a hint.</summary>
    /// <returns>Why that cannot be done; null when it is.</returns>
    public string? Distribute(IReadOnlyDictionary<string, double>? shares)
    {
        var (zones, whyNot) = ZoneAllocation.Of(shares, open.Concat(resting).Sum(s => Ready(s).Count()));
        if (zones is null)
        {
            return whyNot;
        }

        var given = Rest(zones);
        var endpoints = open.OrderBy(s => s.Metadata.Name, StringComparer.Ordinal).SelectMany(Ready).ToList();
        if (endpoints.Exists(e => string.IsNullOrEmpty(e.Zone)))
        {
            return "One or more endpoints do not have a zone specified";
        }

        foreach (var endpoint in endpoints)
        {
            given[endpoint.Zone] = given.GetValueOrDefault(endpoint.Zone) + 1;
        }

        var balance = ZoneBalance.Of(zones, given);
        foreach (var endpoint in endpoints)
        {
            endpoint.Hints = For(balance.Move(endpoint.Zone) ?? endpoint.Zone);
        }

        return null;
    }

    /// <summary>Takes all hints away.</summary>
    public void Clear()
    {
        foreach (var slice in resting.Where(s => s.Endpoints?.Any(e => e.Hints is not null) == true).ToList())
        {
            Open(slice);
        }

        foreach (var endpoint in open.SelectMany(s => s.Endpoints ?? []))
        {
            endpoint.Hints = null;
        }
    }

    /// <summary>Opens the slices whose hints cannot stay.</summary>
    /// <returns>How many hints the others have, by zone.</returns>
    private Dictionary<string, int> Rest(IReadOnlyDictionary<string, ZoneAllocation> zones)
    {
        var given = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var slice in resting.ToList())
        {
            if (HintsOf(slice) is not { } hints || hints.Any(h =>
                !zones.TryGetValue(h.Key, out var zone) || h.Value + given.GetValueOrDefault(h.Key) > zone.Maximum))
            {
                Open(slice);
                continue;
            }

            foreach (var (zone, count) in hints)
            {
                given[zone] = given.GetValueOrDefault(zone) + count;
            }
        }

        return given;
    }

    /// <summary>Hints by zone; null when an endpoint has none.</summary>
    private static Dictionary<string, int>? HintsOf(V1EndpointSlice slice)
    {
        var hints = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var endpoint in Ready(slice))
        {
            if (endpoint.Hints?.ForZones is not { Count: > 0 } zones)
            {
                return null;
            }

            foreach (var zone in zones)
            {
                hints[zone.Name] = hints.GetValueOrDefault(zone.Name) + 1;
            }
        }

        return hints;
    }

    private void Open(V1EndpointSlice old)
    {
        var copy = SlicePlanner.With(old, [.. old.Endpoints.Select(Copy)]);
        _reopened.Add((old, copy));
        resting.Remove(old);
        open.Add(copy);
    }

    private static V1Endpoint Copy(V1Endpoint endpoint) => new()
    {
        Addresses = endpoint.Addresses,
        Conditions = endpoint.Conditions,
        DeprecatedTopology = endpoint.DeprecatedTopology,
        Hints = endpoint.Hints,
        Hostname = endpoint.Hostname,
        NodeName = endpoint.NodeName,
        TargetRef = endpoint.TargetRef,
        Zone = endpoint.Zone,
    };

    private static V1EndpointHints For(string zone) => new() { ForZones = [new V1ForZone { Name = zone }] };

    private static IEnumerable<V1Endpoint> Ready(V1EndpointSlice slice) =>
        (slice.Endpoints ?? []).Where(TopologyHints.IsReady);
}
