using System.Net;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>A network of all pods of a cluster, of one family.</summary>
/// <param name="Network">Its addresses.</param>
/// <param name="NodeLength">The length of the prefix that each node gets.</param>
public readonly record struct PodNetwork(IPNetwork Network, int NodeLength)
{
    /// <summary>Upstream's lengths: a node has 256 addresses, or a usual IPv6 subnet.</summary>
    public static PodNetwork Of(IPNetwork network) =>
        new(network, network.BaseAddress.GetAddressBytes().Length == 4 ? 24 : 64);
}
