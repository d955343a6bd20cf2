using System.Net;
using System.Net.Sockets;

namespace OrleansOrchestrator.Grains.Discovery;

/// <summary>What all EndpointSlices have in common, whoever makes them.</summary>
public static class SliceRules
{
    public const string ServiceNameLabel = "kubernetes.io/service-name";
    public const string ManagedByLabel = "endpointslice.kubernetes.io/managed-by";
    public const string SliceController = "endpointslice-controller.k8s.io";
    public const string MirrorController = "endpointslicemirroring-controller.k8s.io";

    /// <summary>The type of the addresses of a slice that may hold this one; null when it is no address.</summary>
    public static string? FamilyOf(string ip) => !IPAddress.TryParse(ip, out var address) ? null
        : address.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";
}
