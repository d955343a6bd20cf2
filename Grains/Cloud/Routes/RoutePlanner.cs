using System.Net;
using k8s.Models;

namespace OrleansOrchestrator.Grains.Cloud.Routes;

/// <summary>A route to make.</summary>
/// <param name="Node">The node that it leads to.</param>
/// <param name="Route">The route.</param>
public sealed record WantedRoute(V1Node Node, CloudRoute Route);

/// <summary>Which routes must go, and which must come.</summary>
public sealed record RoutePlan(IReadOnlyList<CloudRoute> Delete, IReadOnlyList<WantedRoute> Create);

/// <summary>The decisions about a cloud's routes, as upstream's route controller makes them. Pure.</summary>
public static class RoutePlanner
{
    /// <summary>What to change so that every network of a node's pods has its route, and no other has one.</summary>
    /// <param name="nodes">All nodes.</param>
    /// <param name="routes">All routes of the cloud.</param>
    /// <param name="networks">Those of the cluster's pods; a route elsewhere is somebody else's.</param>
    public static RoutePlan Compute(
        IReadOnlyList<V1Node> nodes, IReadOnlyList<CloudRoute> routes, IReadOnlyList<IPNetwork> networks)
    {
        var there = routes.ToLookup(r => (r.TargetNode, r.Destination));
        var kept = new HashSet<(string, string)>();
        var create = new List<WantedRoute>();
        foreach (var node in nodes)
        {
            foreach (var cidr in node.Spec?.PodCIDRs ?? [])
            {
                var key = (node.Metadata.Name, cidr);
                if (there[key].FirstOrDefault() is { } route && IsRight(route, node))
                {
                    kept.Add(key);
                }
                else
                {
                    create.Add(new WantedRoute(node, New(node, cidr)));
                }
            }
        }

        var delete = routes
            .Where(r => IsOurs(r, networks) && (r.IsBlackhole || !kept.Contains((r.TargetNode, r.Destination))))
            .ToList();
        return new RoutePlan(delete, create);
    }

    /// <summary>The node's condition when it must change; null when it is right.</summary>
    public static V1NodeCondition? Condition(V1Node node, bool hasRoutes, DateTimeOffset now)
    {
        const string type = "NetworkUnavailable";
        var wanted = hasRoutes ? "False" : "True";
        return node.Status?.Conditions?.Any(c => c.Type == type && c.Status == wanted) == true ? null
            : new V1NodeCondition
            {
                Type = type,
                Status = wanted,
                Reason = hasRoutes ? "RouteCreated" : "NoRouteCreated",
                Message = hasRoutes ? "RouteController created a route" : "RouteController failed to create a route",
                LastTransitionTime = now.UtcDateTime,
                LastHeartbeatTime = now.UtcDateTime,
            };
    }

    private static CloudRoute New(V1Node node, string cidr) => new()
    {
        TargetNode = node.Metadata.Name,
        TargetAddresses = [.. node.Status?.Addresses ?? []],
        Destination = cidr,
    };

    private static bool IsRight(CloudRoute route, V1Node node) =>
        !route.FollowsAddresses || Pairs(route.TargetAddresses).SetEquals(Pairs(node.Status?.Addresses ?? []));

    private static HashSet<(string, string)> Pairs(IEnumerable<V1NodeAddress> addresses) =>
        [.. addresses.Select(a => (a.Type, a.Address))];

    private static bool IsOurs(CloudRoute route, IReadOnlyList<IPNetwork> networks) =>
        IPNetwork.TryParse(route.Destination, out var destination)
        && networks.Any(n => n.Contains(destination.BaseAddress) || n.Contains(Last(destination)));

    private static IPAddress Last(IPNetwork network)
    {
        var bytes = network.BaseAddress.GetAddressBytes();
        for (var bit = network.PrefixLength; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] |= (byte)(0x80 >> (bit % 8));
        }

        return new IPAddress(bytes);
    }
}
