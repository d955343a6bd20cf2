using System.Net;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Nftables;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>The node for which endpoints are chosen.</summary>
/// <param name="Name">Name of the Node.</param>
/// <param name="Zone">Its label <c>topology.kubernetes.io/zone</c>; empty without one.</param>
/// <param name="Addresses">The Node's own.</param>
/// <param name="Pods">From where its pods have their addresses; none while that is not known.</param>
public sealed record ProxyNode(
    string Name, string Zone, IReadOnlyList<IPAddress> Addresses, IReadOnlyList<IPNetwork> Pods)
{
    public const string ZoneLabel = "topology.kubernetes.io/zone";
}

/// <summary>From a Service and its slices to the ports that the proxy programs. Pure.</summary>
public static class ProxyPorts
{
    private const int DefaultAffinitySeconds = 10_800;
    private const string ProxyNameLabel = "service.kubernetes.io/service-proxy-name";
    private const string HeadlessLabel = "service.kubernetes.io/headless";

    /// <summary>
    /// Nothing for Services that have no address of their own in a family, or another proxy. What is of the other
    /// family is passed over, as upstream's two proxies do.
    /// </summary>
    public static IReadOnlyList<ProxyPort> Of(
        V1Service service, IReadOnlyCollection<V1EndpointSlice> slices, ProxyNode node, IpFamily family)
    {
        if (service.Spec.Type == "ExternalName" || service.Spec.ClusterIP is null or "" or "None" ||
            Has(service, ProxyNameLabel) || Has(service, HeadlessLabel))
        {
            return [];
        }

        IReadOnlyList<IPAddress> addresses = [.. Addresses(
            service.Spec.ClusterIPs is { Count: > 0 } all ? all : [service.Spec.ClusterIP], family)];
        return addresses.Count == 0 ? [] : [.. (service.Spec.Ports ?? []).Select(
            port => Of(service, port, addresses, EndpointChoice.Of(port, slices, node, family), node, family))];
    }

    /// <summary>
    /// How many ready endpoints are on the node: what a load balancer asks the health check port, which knows no ports
    /// of the Service. Each pod has one in each family of the Service; the family with the most says how many.
    /// </summary>
    public static int LocalReady(IEnumerable<V1EndpointSlice> slices, string nodeName) => slices
        .GroupBy(s => s.AddressType, StringComparer.Ordinal)
        .Select(family => family
            .SelectMany(s => s.Endpoints ?? [])
            .Where(e => e.NodeName == nodeName && (e.Conditions?.Ready ?? true) && e.Addresses is { Count: > 0 })
            .Select(e => e.Addresses[0])
            .Distinct()
            .Count())
        .DefaultIfEmpty()
        .Max();

    private static ProxyPort Of(
        V1Service service, V1ServicePort port, IReadOnlyList<IPAddress> addresses, EndpointChoice endpoints,
        ProxyNode node, IpFamily family)
    {
        IReadOnlyList<IPAddress> balancers = [.. Addresses(LoadBalancerIps(service), family)];
        return new ProxyPort
        {
            Name = $"{service.Metadata.NamespaceProperty}/{service.Metadata.Name}:{port.Name}",
            Protocol = (port.Protocol ?? "TCP").ToLowerInvariant(),
            Port = port.Port,
            ClusterAddresses = addresses,
            ExternalAddresses = [.. Addresses(service.Spec.ExternalIPs ?? [], family).Concat(balancers).Distinct()],
            LoadBalancerAddresses = balancers,
            SourceRanges = Allowed([.. Ranges(service.Spec.LoadBalancerSourceRanges ?? [], family)], balancers, node),
            NodePort = service.Spec.Type is "NodePort" or "LoadBalancer" ? port.NodePort ?? 0 : 0,
            InternalLocal = service.Spec.InternalTrafficPolicy == "Local",
            ExternalLocal = service.Spec.ExternalTrafficPolicy == "Local",
            AffinitySeconds = service.Spec.SessionAffinity == "ClientIP"
                ? service.Spec.SessionAffinityConfig?.ClientIP?.TimeoutSeconds ?? DefaultAffinitySeconds
                : 0,
            Endpoints = endpoints.Cluster,
            LocalEndpoints = endpoints.Local,
            Serving = endpoints.Serving,
            Hairpins = [.. endpoints.Cluster.Concat(endpoints.Local)
                .Where(e => e.IsLocal || node.Pods.Any(pods => pods.Contains(e.Address)))
                .Select(e => e.Address).Distinct()],
        };
    }

    private static IEnumerable<string> LoadBalancerIps(V1Service service) =>
        service.Spec.Type != "LoadBalancer"
            ? []
            : (service.Status?.LoadBalancer?.Ingress ?? []).Where(
                i => i.Ip is not null && i.IpMode is null or "VIP").Select(i => i.Ip);

    private static IEnumerable<IPAddress> Addresses(IEnumerable<string> texts, IpFamily family) =>
        texts.Select(t => IPAddress.TryParse(t, out var address) ? address : null)
            .OfType<IPAddress>()
            .Where(family.Has);

    // A balancer's address is often given to the node too: what the node asks it then comes from that address.
    private static IReadOnlyList<IPNetwork> Allowed(
        IReadOnlyList<IPNetwork> ranges, IReadOnlyList<IPAddress> balancers, ProxyNode node) =>
        ranges.Any(range => node.Addresses.Any(range.Contains))
            ? [.. ranges, .. balancers.Where(b => !ranges.Any(range => range.Contains(b))).Select(
                b => new IPNetwork(b, IpFamily.Of(b).Bits))]
            : ranges;

    // Ranges nest or are apart; what another one holds already is left out, as the kernel takes no overlaps.
    private static IEnumerable<IPNetwork> Ranges(IEnumerable<string> texts, IpFamily family)
    {
        var all = texts.Select(text => Range(text, family)).OfType<IPNetwork>().Distinct().ToList();
        return all
            .Where(range =>
                !all.Any(other => other.PrefixLength < range.PrefixLength && other.Contains(range.BaseAddress)))
            .OrderBy(range => range.ToString(), StringComparer.Ordinal);
    }

    private static IPNetwork? Range(string text, IpFamily family) =>
        NetworkRules.NetworkOf(text.Trim()) is { } network && family.Has(network.BaseAddress) ? network : null;

    private static bool Has(V1Service service, string label) => service.Metadata.Labels?.ContainsKey(label) ?? false;
}
