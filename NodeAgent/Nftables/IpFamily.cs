using System.Net;
using System.Net.Sockets;

namespace OrleansOrchestrator.NodeAgent.Nftables;

/// <summary>
/// One of the two families of addresses. Each has tables of its own, in which the same rules stand in its words.
/// </summary>
public sealed record IpFamily
{
    private IpFamily()
    {
    }

    public static IpFamily Four { get; } = new()
    {
        Name = "IPv4",
        Word = "ip",
        AddressType = "ipv4_addr",
        Icmp = "icmp",
        Tracked = "ipv4",
        Multicast = "224.0.0.0/4",
        Loopback = "127.0.0.1",
        Bits = 32,
        Sockets = AddressFamily.InterNetwork,
    };

    public static IpFamily Six { get; } = new()
    {
        Name = "IPv6",
        Word = "ip6",
        AddressType = "ipv6_addr",
        Icmp = "icmpv6",
        Tracked = "ipv6",
        Multicast = "ff00::/8",
        Loopback = "::1",
        Bits = 128,
        Sockets = AddressFamily.InterNetworkV6,
    };

    /// <summary>As the API calls it: of Services, and of EndpointSlices.</summary>
    public required string Name { get; init; }

    /// <summary>As nft calls it: tables, headers of packets, targets of translation.</summary>
    public required string Word { get; init; }

    /// <summary>nft's type of an address.</summary>
    public required string AddressType { get; init; }

    /// <summary>nft's name of its control messages.</summary>
    public required string Icmp { get; init; }

    /// <summary>As conntrack calls it.</summary>
    public required string Tracked { get; init; }

    /// <summary>The network of its multicast addresses.</summary>
    public required string Multicast { get; init; }

    /// <summary>The machine itself.</summary>
    public required string Loopback { get; init; }

    /// <summary>Length of an address.</summary>
    public required int Bits { get; init; }

    public required AddressFamily Sockets { get; init; }

    /// <summary>The family of an address.</summary>
    public static IpFamily Of(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 ? Six : Four;

    /// <summary>The family of a network or an address as a text.</summary>
    public static IpFamily Of(string text) => text.Contains(':', StringComparison.Ordinal) ? Six : Four;

    /// <summary>Whether an address is of it.</summary>
    public bool Has(IPAddress address) => address.AddressFamily == Sockets;
}
