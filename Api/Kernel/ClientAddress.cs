using System.Net;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>Addresses of clients, as they are told to others.</summary>
public static class ClientAddress
{
    /// <summary>
    /// The address as a text; one of IPv4 as such, also where a socket of both families tells it in the form of IPv6.
    /// </summary>
    public static string TextOf(IPAddress address) =>
        (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
}
