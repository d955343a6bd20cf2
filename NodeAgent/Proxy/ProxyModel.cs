using System.Net;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>Where a connection may be sent.</summary>
/// <param name="Address">Address of the pod.</param>
/// <param name="Port">Port of the pod.</param>
/// <param name="IsLocal">Whether it is on this node.</param>
public readonly record struct ProxyEndpoint(IPAddress Address, int Port, bool IsLocal);

/// <summary>
/// One port of one Service as the proxy sees it, its endpoints already chosen: ready ones, or, when there is none,
/// those that end but still serve.
/// </summary>
public sealed record ProxyPort
{
    /// <summary><c>namespace/name:port</c>; unique.</summary>
    public required string Name { get; init; }

    /// <summary>tcp, udp or sctp.</summary>
    public required string Protocol { get; init; }

    public required int Port { get; init; }

    /// <summary>Addresses inside the cluster.</summary>
    public required IReadOnlyList<IPAddress> ClusterAddresses { get; init; }

    /// <summary>External addresses and those of load balancers.</summary>
    public IReadOnlyList<IPAddress> ExternalAddresses { get; init; } = [];

    /// <summary>Those of load balancers; who may use them is told by <see cref="SourceRanges"/>.</summary>
    public IReadOnlyList<IPAddress> LoadBalancerAddresses { get; init; } = [];

    /// <summary>From where the load balancer's addresses may be used; from everywhere when empty.</summary>
    public IReadOnlyList<IPNetwork> SourceRanges { get; init; } = [];

    /// <summary>0 when there is none.</summary>
    public int NodePort { get; init; }

    /// <summary>internalTrafficPolicy: Local.</summary>
    public bool InternalLocal { get; init; }

    /// <summary>externalTrafficPolicy: Local.</summary>
    public bool ExternalLocal { get; init; }

    /// <summary>Seconds for which a client keeps its endpoint; 0 without session affinity.</summary>
    public int AffinitySeconds { get; init; }

    /// <summary>For the policy Cluster, those near the node when the slices' hints say so. There is one if there is any
    /// anywhere.</summary>
    public required IReadOnlyList<ProxyEndpoint> Endpoints { get; init; }

    /// <summary>For the policy Local; chosen apart, as the last local pod may end while others elsewhere are
    /// ready.</summary>
    public IReadOnlyList<ProxyEndpoint> LocalEndpoints
    {
        get => field ?? [.. Endpoints.Where(e => e.IsLocal)];
        init;
    }

    /// <summary>
    /// Endpoints that may be pods of this node, told by their addresses: whoever wrote the slice may name another node,
    /// or none.
    /// </summary>
    public IReadOnlyList<IPAddress> Hairpins
    {
        get => field ?? [.. Endpoints.Concat(LocalEndpoints).Where(e => e.IsLocal).Select(e => e.Address).Distinct()];
        init;
    }

    /// <summary>Who may keep a UDP flow: all that still serve, chosen for new flows or not.</summary>
    public IReadOnlyList<ProxyEndpoint> Serving
    {
        get => field ?? [.. Endpoints.Concat(LocalEndpoints)];
        init;
    }
}
