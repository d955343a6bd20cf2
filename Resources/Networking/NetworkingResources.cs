using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Networking.IngressClasses;
using OrleansOrchestrator.Resources.Networking.Ingresses;
using OrleansOrchestrator.Resources.Networking.IpAddresses;
using OrleansOrchestrator.Resources.Networking.NetworkPolicies;
using OrleansOrchestrator.Resources.Networking.ServiceCidrs;

namespace OrleansOrchestrator.Resources.Networking;

/// <summary>Rows of <c>networking.k8s.io</c>, in discovery order.</summary>
internal static class NetworkingResources
{
    public static IEnumerable<ResourceKind> Rows =>
    [
        new()
        {
            Name = WellKnown.IngressClasses, Kind = "IngressClass", Singular = "ingressclass",
            Namespaced = false,
            Versions = [new("v1", new IngressClassStrategy())],
        },
        new()
        {
            Name = WellKnown.Ingresses, Kind = "Ingress", Singular = "ingress",
            ShortNames = ["ing"], StoragePlace = "ingress",
            Versions = [new("v1", new IngressStrategy()) { Subresources = [SubresourceDefinition.Status] }],
        },
        new()
        {
            Name = WellKnown.IpAddresses, Kind = "IPAddress", Singular = "ipaddress",
            ShortNames = ["ip"], Namespaced = false,
            Versions = [new("v1", new IpAddressStrategy())],
        },
        new()
        {
            Name = WellKnown.NetworkPolicies, Kind = "NetworkPolicy", Singular = "networkpolicy",
            ShortNames = ["netpol"],
            Versions = [new("v1", new NetworkPolicyStrategy())],
        },
        new()
        {
            Name = WellKnown.ServiceCidrs, Kind = "ServiceCIDR", Singular = "servicecidr",
            Namespaced = false, GrainType = "servicecidr",
            Versions = [new("v1", new ServiceCidrStrategy()) { Subresources = [SubresourceDefinition.Status] }],
        },
    ];
}
