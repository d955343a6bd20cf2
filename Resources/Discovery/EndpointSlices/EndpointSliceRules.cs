using System.Net.Sockets;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Discovery.EndpointSlices;

/// <summary>Validation of EndpointSlices.</summary>
internal static class EndpointSliceRules
{
    private const int MaxEndpoints = 1000;
    private const int MaxPorts = 20_000;
    private const int MaxAddresses = 100;
    private const int MaxHints = 8;

    private static readonly string[] Protocols = ["SCTP", "TCP", "UDP"];
    private static readonly string[] AddressTypes = ["FQDN", "IPv4", "IPv6"];
    private static readonly FieldPath Endpoints = FieldPath.Of("endpoints");
    private static readonly FieldPath Ports = FieldPath.Of("ports");

    public static void Validate(V1EndpointSlice item, V1EndpointSlice? old, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(item.AddressType))
        {
            errors.Required(FieldPath.Of("addressType"));
        }
        else if (!AddressTypes.Contains(item.AddressType))
        {
            errors.NotSupported(FieldPath.Of("addressType"), item.AddressType, AddressTypes);
        }

        ValidateEndpoints(item, old, errors);
        ValidatePorts(item.Ports ?? [], errors);
    }

    private static void ValidateEndpoints(V1EndpointSlice item, V1EndpointSlice? old, FieldErrors errors)
    {
        var endpoints = item.Endpoints ?? [];
        if (endpoints.Count > MaxEndpoints)
        {
            errors.TooMany(Endpoints, endpoints.Count, MaxEndpoints);
            return;
        }

        bool? areOld = null;
        for (var i = 0; i < endpoints.Count; i++)
        {
            if (!IsPlain(endpoints[i], item.AddressType))
            {
                areOld ??= old is not null && GoText.Json(old.Endpoints) == GoText.Json(item.Endpoints);
                ValidateEndpoint(endpoints[i], item.AddressType, areOld.Value, Endpoints.Index(i), errors);
            }
        }
    }

    /// <summary>True for what the endpoints controller writes: one good IPv4 address and names that are fine.</summary>
    private static bool IsPlain(V1Endpoint endpoint, string? addressType) =>
        addressType == "IPv4" && endpoint.Hostname is null && endpoint.Hints is null && endpoint.Addresses is [var address] &&
        NetworkRules.ParseSloppy(address) is { AddressFamily: AddressFamily.InterNetwork } ip
            && ip.ToString() == address && !address.StartsWith('0') &&
        !address.StartsWith("127.", StringComparison.Ordinal) && !address.StartsWith(
            "169.254.", StringComparison.Ordinal) &&
        !address.StartsWith(
            "224.",
            StringComparison.Ordinal) && (endpoint.NodeName is null || NameRules.IsDnsSubdomain(endpoint.NodeName));

    private static void ValidateEndpoint(
        V1Endpoint endpoint, string? addressType, bool areOld, FieldPath path, FieldErrors errors)
    {
        var addresses = endpoint.Addresses ?? [];
        var addressesPath = path.Child("addresses");
        if (addresses.Count == 0)
        {
            errors.Required(addressesPath, "must contain at least 1 address");
        }
        else if (addresses.Count > MaxAddresses)
        {
            errors.TooMany(addressesPath, addresses.Count, MaxAddresses);
        }

        for (var i = 0; i < addresses.Count; i++)
        {
            // While all endpoints stay as they are, nobody judges their addresses again.
            if (!areOld)
            {
                ValidateAddress(addresses[i], addressType, addressesPath.Index(i), addressesPath, errors);
            }
        }

        if (endpoint.NodeName is { } node)
        {
            errors.InvalidEach(path.Child("nodeName"), node, NameRules.DnsSubdomain(node));
        }

        if (endpoint.Hostname is { } host)
        {
            errors.InvalidEach(path.Child("hostname"), host, NameRules.DnsLabel(host));
        }

        ValidateHints(endpoint.Hints, path.Child("hints"), errors);
    }

    private static void ValidateAddress(
        string address, string? addressType, FieldPath path, FieldPath list, FieldErrors errors)
    {
        switch (addressType)
        {
            case "IPv4": ValidateIp(address, AddressFamily.InterNetwork, path, list, errors); break;
            case "IPv6": ValidateIp(address, AddressFamily.InterNetworkV6, path, list, errors); break;
            case "FQDN": ValidateDomainName(address, path, errors); break;
        }
    }

    /// <summary>Of an address of the other family upstream blames the list.</summary>
    private static void ValidateIp(
        string address, AddressFamily family, FieldPath path, FieldPath list, FieldErrors errors)
    {
        if (!NetworkRules.ValidateIp(path, address, errors, among: []))
        {
            return;
        }

        if (NetworkRules.ParseSloppy(address)!.AddressFamily != family)
        {
            var wanted = family == AddressFamily.InterNetwork ? "IPv4" : "IPv6";
            errors.Invalid(list, address, $"must be an {wanted} address");
        }

        NetworkRules.ValidateNonSpecial(path, address, errors);
    }

    private static void ValidateDomainName(string name, FieldPath path, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            errors.Required(path);
            return;
        }

        name = name.EndsWith('.') ? name[..^1] : name;
        var labels = name.Split('.');
        if (string.Join(",", NameRules.DnsSubdomain(name)) is { Length: > 0 } complaints)
        {
            errors.Invalid(path, name, complaints);
        }
        else if (labels.Length < 2)
        {
            errors.Invalid(path, name, "should be a domain with at least two segments separated by dots");
        }
        else if (labels.FirstOrDefault(l => NameRules.DnsLabel(l).Any()) is { } bad)
        {
            errors.Invalid(path, bad, string.Join(",", NameRules.DnsLabel(bad)));
        }
    }

    private static void ValidateHints(V1EndpointHints? hints, FieldPath path, FieldErrors errors)
    {
        ValidateHintNames(
            hints?.ForZones?.Select(z => z.Name ?? ""), path.Child("forZones"), NameRules.LabelValue, errors);
        if (hints?.ForZones is { Count: > MaxHints })
        {
            return;
        }

        ValidateHintNames(
            hints?.ForNodes?.Select(n => n.Name ?? ""), path.Child("forNodes"), n => NameRules.DnsSubdomain(n), errors);
    }

    private static void ValidateHintNames(
        IEnumerable<string>? names, FieldPath path, Func<string, IEnumerable<string>> rule, FieldErrors errors)
    {
        var all = names?.ToList() ?? [];
        if (all.Count > MaxHints)
        {
            errors.TooMany(path, all.Count, MaxHints);
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < all.Count; i++)
        {
            var at = path.Index(i).Child("name");
            if (!seen.Add(all[i]))
            {
                errors.Duplicate(at, all[i]);
            }

            errors.InvalidEach(at, all[i], rule(all[i]));
        }
    }

    private static void ValidatePorts(IList<Discoveryv1EndpointPort> ports, FieldErrors errors)
    {
        if (ports.Count > MaxPorts)
        {
            errors.TooMany(Ports, ports.Count, MaxPorts);
            return;
        }

        HashSet<string>? seen = null;
        for (var i = 0; i < ports.Count; i++)
        {
            var port = ports[i];
            var path = Ports.Index(i);
            var name = port.Name ?? "";
            if (name.Length != 0)
            {
                errors.InvalidEach(path.Child("name"), name, NameRules.DnsLabel(name));
            }

            if (ports.Count > 1 && !(seen ??= new HashSet<string>(StringComparer.Ordinal)).Add(name))
            {
                errors.Duplicate(path.Child("name"), name);
            }

            ValidateProtocols(port, path, errors);
        }
    }

    private static void ValidateProtocols(Discoveryv1EndpointPort port, FieldPath path, FieldErrors errors)
    {
        if (port.Protocol is null)
        {
            errors.Required(path.Child("protocol"));
        }
        else if (!Protocols.Contains(port.Protocol))
        {
            errors.NotSupported(path.Child("protocol"), port.Protocol, Protocols);
        }

        if (port.AppProtocol is { } application)
        {
            errors.InvalidEach(path.Child("appProtocol"), application, NameRules.QualifiedName(application));
        }
    }
}
