using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Discovery;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Services;

/// <summary>How pods become endpoints of a Service.</summary>
public static class EndpointRules
{
    public const string HeadlessLabel = "service.kubernetes.io/headless";
    public const string EndpointsManagedByLabel = "endpoints.kubernetes.io/managed-by";
    public const string EndpointsController = "endpoint-controller";

    /// <summary>Endpoints are made for it.</summary>
    public static bool HasEndpoints(V1Service service) =>
        service.Spec.Selector is { Count: > 0 } && service.Spec.Type != "ExternalName";

    public static bool IsHeadless(V1Service service) => service.Spec.ClusterIP is null or "" or "None";

    /// <summary>
    /// The slices' content: by address family, then by ports, since named ports may differ from pod to pod.
    /// </summary>
    /// <param name="service">Whose endpoints.</param>
    /// <param name="pods">The pods that it selects.</param>
    /// <param name="nodes">The pods' nodes that are there, with their zones.</param>
    public static IReadOnlyList<EndpointGroup> Groups(
        V1Service service, IReadOnlyList<PodFacts> pods, IReadOnlyDictionary<string, string?> nodes)
    {
        var groups = new List<EndpointGroup>();
        var ports = PortsOf(service);
        foreach (var family in Families(service))
        {
            var byPorts = pods.Where(p => !p.IsFinished && !LacksNode(service, p, nodes))
                .Select(p => (Ports: ports(p), Endpoint: ToEndpoint(service, p, family, nodes)))
                .Where(p => p.Endpoint is not null)
                .GroupBy(p => p.Ports.Id, StringComparer.Ordinal)
                .Select(g => new EndpointGroup(family, g.First().Ports.Ports, [.. g.Select(p => p.Endpoint!)]))
                .ToList();
            groups.AddRange(byPorts.Count > 0 ? byPorts : [new EndpointGroup(family, [], [])]);
        }

        return groups;
    }

    /// <summary>
    /// True for a pod with an address whose node is not there: slices leave it out, unless the Service wants addresses
    /// in any state. Upstream's Endpoints know nothing of nodes.
    /// </summary>
    public static bool LacksNode(V1Service service, PodFacts pod, IReadOnlyDictionary<string, string?> nodes) =>
        !pod.IsFinished && pod.Ips.Count > 0 && !nodes.ContainsKey(pod.NodeName)
        && service.Spec.PublishNotReadyAddresses != true;

    /// <summary>The subsets of the Endpoints object.</summary>
    public static (IList<V1EndpointSubset>? Subsets, bool Truncated) Subsets(
        V1Service service, IReadOnlyList<PodFacts> pods)
    {
        var family = Families(service)[0];
        var publishAll = service.Spec.PublishNotReadyAddresses == true;
        var ports = PortsOf(service);

        // Unlike a slice, a subset holds no pod without any of the Service's ports, but for headless Services that
        // have none.
        var isPortless = service.Spec is { Ports: null or { Count: 0 }, ClusterIP: "None" };
        var serving =
            pods.Where(p => !p.IsFinished && AddressOf(p, family) is not null && (publishAll || !p.IsTerminating))
            .Select(p => (Pod: p, Ports: ports(p)))
            .Where(p => isPortless || p.Ports.Ports.Count > 0)
            .GroupBy(p => p.Ports.Id, StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => ToSubset(service, family, publishAll, g.First().Ports.Ports, [.. g.Select(p => p.Pod)]))
            .ToList();
        var subsets = serving.Count == 1 ? serving : [.. SubsetPacking.Pack(serving)]; // nearly always one
        var isTruncated = EndpointCapacity.Truncate(subsets);
        return (subsets.Count == 0 ? null : subsets, isTruncated);
    }

    /// <summary>True if a change of the pod can matter to any Service.</summary>
    public static bool IsRelevant(PodFacts? before, PodFacts now) =>
        before is null
        || before.IsReady != now.IsReady
        || before.IsTerminating != now.IsTerminating
        || before.IsFinished != now.IsFinished
        || before.NodeName != now.NodeName
        || before.Hostname != now.Hostname
        || !before.Ips.SequenceEqual(now.Ips)
        || !Maps.Same(before.Labels, now.Labels);

    /// <summary>Address families in the Service's order.</summary>
    public static IReadOnlyList<string> Families(V1Service service)
    {
        if (service.Spec.IpFamilies is { Count: > 0 } families)
        {
            return [.. families];
        }

        return service.Spec.ClusterIP?.Contains(':', StringComparison.Ordinal) == true ? ["IPv6"] : ["IPv4"];
    }

    private static string? AddressOf(PodFacts pod, string family) =>
        pod.Ips.FirstOrDefault(ip => SliceRules.FamilyOf(ip) == family);

    /// <summary>Ports by pod. Only named target ports differ from pod to pod: all others are worked out once.</summary>
    private static Func<PodFacts, (List<Discoveryv1EndpointPort> Ports, string Id)> PortsOf(V1Service service)
    {
        (List<Discoveryv1EndpointPort> Ports, string Id)? shared = null;
        var isShared = (service.Spec.Ports ?? []).All(
            p => p.TargetPort?.Value is not { Length: > 0 } target || char.IsAsciiDigit(target[0]));
        return pod =>
        {
            if (isShared && shared is { } known)
            {
                return known;
            }

            var ports = Ports(service, pod);
            var result = (ports, SlicePlanner.GroupId("", ports));
            shared = result;
            return result;
        };
    }

    private static List<Discoveryv1EndpointPort> Ports(V1Service service, PodFacts pod)
    {
        var result = new List<Discoveryv1EndpointPort>();
        foreach (var port in service.Spec.Ports ?? [])
        {
            if (PortNumber(port, pod) is { } number)
            {
                result.Add(new Discoveryv1EndpointPort
                {
                    Name = port.Name ?? "", Port = number, Protocol = port.Protocol ?? "TCP",
                    AppProtocol = port.AppProtocol,
                });
            }
        }

        return result;
    }

    private static int? PortNumber(V1ServicePort port, PodFacts pod)
    {
        var target = port.TargetPort?.Value;
        if (string.IsNullOrEmpty(target) || target == "0")
        {
            return port.Port;
        }

        if (int.TryParse(target, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        return pod.NamedPorts.TryGetValue((target, port.Protocol ?? "TCP"), out number) ? number : null;
    }

    private static V1Endpoint? ToEndpoint(
        V1Service service, PodFacts pod, string family, IReadOnlyDictionary<string, string?> nodes)
    {
        var addresses = pod.Ips.Where(ip => SliceRules.FamilyOf(ip) == family).ToList();
        var isReady = service.Spec.PublishNotReadyAddresses == true || (pod.IsReady && !pod.IsTerminating);
        return addresses.Count == 0 ? null : new V1Endpoint
        {
            Addresses = addresses,
            Conditions = new V1EndpointConditions
            {
                Ready = isReady,
                Serving = pod.IsReady,
                Terminating = pod.IsTerminating,
            },
            Hostname = HostnameOf(service, pod),
            NodeName = pod.NodeName.Length == 0 ? null : pod.NodeName,
            Zone = nodes.GetValueOrDefault(pod.NodeName),
            TargetRef = Refer(pod),
            Hints = isReady && !TopologyHints.AreWanted(service)
                ? HintsOf(service, pod.NodeName, nodes.GetValueOrDefault(pod.NodeName))
                : null,
        };
    }

    /// <summary>
    /// For whom an endpoint is: where the Service prefers what is close, those of its zone, or of its very node
    /// (upstream's <c>endpointslice/trafficdist</c>).
    /// </summary>
    private static V1EndpointHints? HintsOf(V1Service service, string node, string? zone)
    {
        var preference = service.Spec.TrafficDistribution;
        var hasNode = preference == "PreferSameNode" && node.Length > 0;
        return preference is "PreferClose" or "PreferSameZone" or "PreferSameNode" && (zone is not null || hasNode)
            ? new V1EndpointHints
            {
                ForZones = zone is null ? null : [new V1ForZone { Name = zone }],
                ForNodes = hasNode ? [new V1ForNode { Name = node }] : null,
            }
            : null;
    }

    private static string? HostnameOf(V1Service service, PodFacts pod) =>
        pod.Hostname.Length > 0 && pod.Subdomain == service.Metadata.Name ? pod.Hostname : null;

    private static V1ObjectReference Refer(PodFacts pod) =>
        new() { Kind = "Pod", NamespaceProperty = pod.Key.Namespace, Name = pod.Key.Name, Uid = pod.Uid };

    /// <summary>Pods that offer the same ports.</summary>
    private static V1EndpointSubset ToSubset(
        V1Service service, string family, bool publishAll, List<Discoveryv1EndpointPort> offered, List<PodFacts> pods)
    {
        var ports = offered.Select(p => new Corev1EndpointPort
        {
            Name = p.Name is { Length: > 0 } name ? name : null, Port = p.Port ?? 0, Protocol = p.Protocol,
            AppProtocol = p.AppProtocol,
        }).ToList();
        List<V1EndpointAddress>? Addresses(bool ready)
        {
            var addresses = pods.Where(p => (publishAll || p.IsReady) == ready)
                .Select(p => ToAddress(service, p, family))
                .OrderBy(a => a.Ip, StringComparer.Ordinal)
                .ToList();
            return addresses.Count == 0 ? null : addresses;
        }

        return new V1EndpointSubset
        {
            Addresses = Addresses(true), NotReadyAddresses = Addresses(false), Ports = ports.Count == 0 ? null : ports,
        };
    }

    private static V1EndpointAddress ToAddress(V1Service service, PodFacts pod, string family) => new()
    {
        Ip = AddressOf(pod, family),
        Hostname = HostnameOf(service, pod),
        NodeName = pod.NodeName.Length == 0 ? null : pod.NodeName,
        TargetRef = Refer(pod),
    };
}
