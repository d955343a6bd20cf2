using System.Net;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>Where a connection may be sent.</summary>
/// <param name="Address">Address of the pod.</param>
/// <param name="Port">Port of the pod.</param>
/// <param name="IsLocal">Whether it is on this node.</param>
public readonly record struct ProxyEndpoint(IPAddress Address, int Port, bool IsLocal);

/// <summary>
/// One port of one Service as the proxy sees it, its endpoints already chosen: ready ones, or, when there is none, those that end but still serve.
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

    /// <summary>0 when there is none.</summary>
    public int NodePort { get; init; }

    /// <summary>internalTrafficPolicy: Local.</summary>
    public bool InternalLocal { get; init; }

    /// <summary>externalTrafficPolicy: Local.</summary>
    public bool ExternalLocal { get; init; }

    /// <summary>Seconds for which a client keeps its endpoint; 0 without session affinity.</summary>
    public int AffinitySeconds { get; init; }

    public required IReadOnlyList<ProxyEndpoint> Endpoints { get; init; }
}
