using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Network;

namespace OrleansOrchestrator.NodeAgent.Announcing;

/// <summary>
/// Which node announces which address of a load balancer. Every node works it out for itself from what the API shows,
/// and all come to the same: of the Ready nodes that announce at all (and, with the external policy Local, have an
/// endpoint), the one that has the highest hash together with the address. So addresses spread over the nodes, and when
/// a node goes, its own addresses move and no others. Pure.
/// </summary>
public static class AnnouncedAddresses
{
    /// <summary>The annotation with which a node says that it announces, and on which link.</summary>
    public const string Annotation = "orchestrator.local/announce-link";

    private const string ExcludeLabel = "node.kubernetes.io/exclude-from-external-load-balancers";

    /// <summary>The addresses that one node announces.</summary>
    public static IReadOnlySet<IPAddress> Of(
        string node, IEnumerable<ServiceView> services, IReadOnlyCollection<V1Node> nodes)
    {
        var able = nodes.Where(IsAble).Select(n => n.Metadata.Name).ToHashSet(StringComparer.Ordinal);
        var all = new HashSet<IPAddress>();
        foreach (var service in able.Contains(node) ? services : [])
        {
            all.UnionWith(AddressesOf(service.Service).Where(a => LeaderOf(a, service, able) == node));
        }

        return all;
    }

    private static string? LeaderOf(IPAddress address, ServiceView view, HashSet<string> able)
    {
        var candidates = view.Service.Spec.ExternalTrafficPolicy == "Local"
            ? able.Intersect(NodesWithEndpoints(view.Slices), StringComparer.Ordinal)
            : able;
        return candidates.MaxBy(n => (Weight(n, address), n));
    }

    /// <summary>Addresses of the Services that are no other implementation's.</summary>
    private static IEnumerable<IPAddress> AddressesOf(V1Service service) =>
        service.Spec is not { Type: "LoadBalancer", LoadBalancerClass: null } ? []
            : (service.Status?.LoadBalancer?.Ingress ?? [])
                .Where(i => i.IpMode == "VIP")
                .Select(i => IPAddress.TryParse(i.Ip, out var address) ? address : null)
                .OfType<IPAddress>();

    private static IEnumerable<string> NodesWithEndpoints(IEnumerable<V1EndpointSlice> slices)
    {
        var all = slices.SelectMany(s => s.Endpoints ?? []).Where(e => e.NodeName is not null).ToList();
        var ready = all.Where(e => e.Conditions?.Ready ?? true).ToList();
        return (ready.Count > 0 ? ready : all.Where(e => e.Conditions?.Serving ?? true)).Select(e => e.NodeName);
    }

    private static bool IsAble(V1Node node) =>
        node.Metadata.DeletionTimestamp is null
        && !string.IsNullOrEmpty(node.GetAnnotation(Annotation))
        && !IsExcluded(node)
        && node.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true;

    /// <summary>Any value but one that reads as false keeps the node out, as for load balancers of clouds.</summary>
    private static bool IsExcluded(V1Node node) =>
        node.Metadata.Labels?.TryGetValue(ExcludeLabel, out var value) == true && GoBooleans.Parse(value) != false;

    private static ulong Weight(string node, IPAddress address) =>
        BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{node}/{address}")));
}
