using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;
using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Dns;

/// <summary>One endpoint of a Service, as DNS shows it.</summary>
/// <param name="Label">Host name, or the address with dashes when the endpoint has none.</param>
/// <param name="Address">Its address.</param>
/// <param name="HasHostname">Whether the label is a name of its own; only those get reverse records.</param>
/// <param name="Ports">Named ports of its slice.</param>
public sealed record DnsEndpoint(string Label, IPAddress Address, bool HasHostname, IReadOnlyList<DnsPort> Ports);

/// <summary>A port that SRV records tell.</summary>
public sealed record DnsPort(string Name, string Protocol, int Number);

/// <summary>What DNS says of one Service: built once per change, then read by every query.</summary>
public sealed class ServiceRecords
{
    private const string NoClusterIp = "None";

    private ServiceRecords(string name, string space)
    {
        Name = name;
        Namespace = space;
    }

    public string Name { get; }

    public string Namespace { get; }

    /// <summary>Target of an ExternalName Service; else empty.</summary>
    public string ExternalName { get; private init; } = "";

    public bool IsHeadless { get; private init; }

    /// <summary>Addresses of the Service itself; none when headless.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; private init; } = [];

    public IReadOnlyList<DnsPort> Ports { get; private init; } = [];

    /// <summary>
    /// Ready endpoints by label; several addresses may share one. They have their names below a Service with an address
    /// of its own, too.
    /// </summary>
    public FrozenDictionary<string, DnsEndpoint[]> Endpoints { get; private init; } =
        FrozenDictionary<string, DnsEndpoint[]>.Empty;

    /// <summary>Builds the records of a Service from its slices.</summary>
    public static ServiceRecords Of(V1Service service, IEnumerable<V1EndpointSlice> slices)
    {
        var isExternal = service.Spec.Type == "ExternalName";
        var isHeadless = service.Spec.ClusterIP == NoClusterIp && !isExternal;
        return new ServiceRecords(service.Metadata.Name, service.Metadata.NamespaceProperty)
        {
            ExternalName = isExternal ? service.Spec.ExternalName.TrimEnd('.').ToLowerInvariant() : "",
            IsHeadless = isHeadless,
            Addresses = isHeadless || isExternal ? [] : [.. ClusterIps(service)],
            Ports =
                [.. (service.Spec.Ports ?? []).Select(p => new DnsPort(p.Name ?? "", Protocol(p.Protocol), p.Port))],
            Endpoints = isExternal ? FrozenDictionary<string, DnsEndpoint[]>.Empty : EndpointsOf(service, slices),
        };
    }

    private static IEnumerable<IPAddress> ClusterIps(V1Service service)
    {
        IList<string> all =
            service.Spec.ClusterIPs is { Count: > 0 } several ? several : [service.Spec.ClusterIP ?? ""];
        return all.Select(text => IPAddress.TryParse(text, out var address) ? address : null).OfType<IPAddress>();
    }

    private static FrozenDictionary<string, DnsEndpoint[]> EndpointsOf(
        V1Service service, IEnumerable<V1EndpointSlice> slices)
    {
        var notReadyToo = service.Spec.PublishNotReadyAddresses ?? false;
        return slices.SelectMany(slice => OfSlice(slice, notReadyToo))
            .GroupBy(e => e.Label, StringComparer.Ordinal)
            .ToFrozenDictionary(
                g => g.Key, g => g.DistinctBy(e => e.Address).ToArray(), StringComparer.Ordinal);
    }

    private static IEnumerable<DnsEndpoint> OfSlice(V1EndpointSlice slice, bool notReadyToo)
    {
        var ports = (slice.Ports ?? [])
            .Where(p => p.Port is not null)
            .Select(p => new DnsPort(p.Name ?? "", Protocol(p.Protocol), p.Port!.Value))
            .ToList();
        foreach (var endpoint in slice.Endpoints ?? [])
        {
            if (!(notReadyToo || (endpoint.Conditions?.Ready ?? true)))
            {
                continue;
            }

            foreach (var text in endpoint.Addresses)
            {
                if (IPAddress.TryParse(text, out var address))
                {
                    var hasHostname = !string.IsNullOrEmpty(endpoint.Hostname);
                    yield return new DnsEndpoint(
                        hasHostname ? endpoint.Hostname : Dashed(address), address, hasHostname, ports);
                }
            }
        }
    }

    private static string Dashed(IPAddress address) =>
        address.ToString().Replace(address.AddressFamily == AddressFamily.InterNetwork ? '.' : ':', '-');

    private static string Protocol(string? protocol) => (protocol ?? "TCP").ToLowerInvariant();
}
