using System.Net;
using System.Net.Sockets;
using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>From a Service and its slices to the ports that the proxy programs. Pure.</summary>
public static class ProxyPorts
{
    private const int DefaultAffinitySeconds = 10_800;
    private const string ProxyNameLabel = "service.kubernetes.io/service-proxy-name";
    private const string HeadlessLabel = "service.kubernetes.io/headless";

    /// <summary>Nothing for Services that have no address of their own, or another proxy.</summary>
    public static IReadOnlyList<ProxyPort> Of(V1Service service, IReadOnlyCollection<V1EndpointSlice> slices, string nodeName)
    {
        if (service.Spec.Type == "ExternalName" || service.Spec.ClusterIP is null or "" or "None" ||
            Has(service, ProxyNameLabel) || Has(service, HeadlessLabel))
        {
            return [];
        }

        return [.. (service.Spec.Ports ?? []).Select(port => Of(service, port, slices, nodeName))];
    }

    private static ProxyPort Of(V1Service service, V1ServicePort port, IReadOnlyCollection<V1EndpointSlice> slices, string nodeName) => new()
    {
        Name = $"{service.Metadata.NamespaceProperty}/{service.Metadata.Name}:{port.Name}",
        Protocol = (port.Protocol ?? "TCP").ToLowerInvariant(),
        Port = port.Port,
        ClusterAddresses = [.. Addresses(service.Spec.ClusterIPs is { Count: > 0 } all ? all : [service.Spec.ClusterIP])],
        ExternalAddresses = [.. Addresses(service.Spec.ExternalIPs ?? []), .. Addresses(LoadBalancerIps(service))],
        NodePort = service.Spec.Type is "NodePort" or "LoadBalancer" ? port.NodePort ?? 0 : 0,
        InternalLocal = service.Spec.InternalTrafficPolicy == "Local",
        ExternalLocal = service.Spec.ExternalTrafficPolicy == "Local",
        AffinitySeconds = service.Spec.SessionAffinity == "ClientIP"
            ? service.Spec.SessionAffinityConfig?.ClientIP?.TimeoutSeconds ?? DefaultAffinitySeconds
            : 0,
        Endpoints = Endpoints(port, slices, nodeName),
    };

    // Ready endpoints; when none is ready, those that terminate but still serve (KEP-1669), so that the last pod of a roll-out is not cut off.
    private static List<ProxyEndpoint> Endpoints(V1ServicePort port, IReadOnlyCollection<V1EndpointSlice> slices, string nodeName)
    {
        var all = new List<(ProxyEndpoint Endpoint, V1EndpointConditions? Conditions)>();
        foreach (var slice in slices.Where(s => s.AddressType == "IPv4"))
        {
            var target = slice.Ports?.FirstOrDefault(p => (p.Name ?? "") == (port.Name ?? "") && (p.Protocol ?? "TCP") == (port.Protocol ?? "TCP"));
            if (target?.Port is not { } number)
            {
                continue;
            }

            foreach (var endpoint in slice.Endpoints ?? [])
            {
                all.AddRange(Addresses(endpoint.Addresses).Select(
                    a => (new ProxyEndpoint(a, number, endpoint.NodeName == nodeName), (V1EndpointConditions?)endpoint.Conditions)));
            }
        }

        var ready = all.Where(e => e.Conditions?.Ready ?? true).Select(e => e.Endpoint).ToList();
        var chosen = ready.Count > 0
            ? ready
            : all.Where(e => e.Conditions is { Serving: true, Terminating: true }).Select(e => e.Endpoint).ToList();
        return [.. chosen.Distinct().OrderBy(e => e.Address.ToString(), StringComparer.Ordinal).ThenBy(e => e.Port)];
    }

    private static IEnumerable<string> LoadBalancerIps(V1Service service) =>
        (service.Status?.LoadBalancer?.Ingress ?? []).Where(i => i.Ip is not null && i.IpMode is null or "VIP").Select(i => i.Ip);

    private static IEnumerable<IPAddress> Addresses(IEnumerable<string> texts) =>
        texts.Select(t => IPAddress.TryParse(t, out var address) ? address : null)
            .OfType<IPAddress>()
            .Where(a => a.AddressFamily == AddressFamily.InterNetwork);

    private static bool Has(V1Service service, string label) => service.Metadata.Labels?.ContainsKey(label) ?? false;
}
