using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Endpoints;

/// <summary>The rules of Endpoints (deprecated, but still read by many).</summary>
public sealed class EndpointsStrategy : ResourceStrategy<V1Endpoints>
{
    private const int MaxShownAddresses = 3;

    private static readonly string[] Protocols = ["SCTP", "TCP", "UDP"];
    private static readonly FieldPath Subsets = FieldPath.Of("subsets");

    public override bool AllowCreateOnUpdate => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
        [TableColumns.Name, new("Endpoints", "string", "", ColumnTexts.EndpointsSubsets), TableColumns.Age];

    public override IReadOnlyList<object?> Cells(V1Endpoints item, DateTimeOffset now) =>
        [item.Metadata.Name, Summary(item), TableColumns.AgeOf(item, now)];

    public override void SetDefaults(V1Endpoints item)
    {
        foreach (var subset in item.Subsets ?? [])
        {
            foreach (var port in subset.Ports ?? [])
            {
                port.Protocol = string.IsNullOrEmpty(port.Protocol) ? "TCP" : port.Protocol;
            }
        }
    }

    public override void Validate(V1Endpoints item, FieldErrors errors)
    {
        for (var i = 0; i < (item.Subsets?.Count ?? 0); i++)
        {
            ValidateSubset(item.Subsets![i], Subsets.Index(i), errors);
        }
    }

    public override void ValidateUpdate(V1Endpoints item, V1Endpoints old, string subresource, FieldErrors errors)
    {
        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: true, ValidateName, errors);
        var findings = new FieldErrors();
        Validate(item, findings);

        // Older versions stored subsets that are refused today: those may stay as they are.
        if (findings.Count != 0 && GoText.Json(item.Subsets) != GoText.Json(old.Subsets))
        {
            Validate(item, errors);
        }
    }

    public override IEnumerable<string> Warnings(V1Endpoints item, V1Endpoints? old)
    {
        // The controller has put its addresses right before.
        if (item.GetLabel("endpoints.kubernetes.io/managed-by") == "endpoint-controller")
        {
            yield break;
        }

        for (var i = 0; i < (item.Subsets?.Count ?? 0); i++)
        {
            var path = Subsets.Index(i);
            foreach (var warning in AddressWarnings(item.Subsets![i].Addresses, path.Child("addresses"))
                .Concat(AddressWarnings(item.Subsets[i].NotReadyAddresses, path.Child("notReadyAddresses"))))
            {
                yield return warning;
            }
        }
    }

    private static IEnumerable<string> AddressWarnings(IList<V1EndpointAddress>? addresses, FieldPath path) =>
        (addresses ?? []).SelectMany(
            (address, i) => NetworkRules.IpWarnings(path.Index(i).Child("ip"), address.Ip ?? ""));

    private static void ValidateSubset(V1EndpointSubset subset, FieldPath path, FieldErrors errors)
    {
        if ((subset.Addresses?.Count ?? 0) == 0 && (subset.NotReadyAddresses?.Count ?? 0) == 0)
        {
            errors.Required(path, "must specify `addresses` or `notReadyAddresses`");
        }

        ValidateAddresses(subset.Addresses, path.Child("addresses"), errors);
        ValidateAddresses(subset.NotReadyAddresses, path.Child("notReadyAddresses"), errors);
        var ports = subset.Ports ?? [];
        for (var i = 0; i < ports.Count; i++)
        {
            ValidatePort(ports[i], ports.Count > 1, path.Child("ports").Index(i), errors);
        }
    }

    private static void ValidateAddresses(IList<V1EndpointAddress>? addresses, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < (addresses?.Count ?? 0); i++)
        {
            var address = addresses![i];
            var at = path.Index(i);
            NetworkRules.ValidateIp(at.Child("ip"), address.Ip ?? "", errors, among: []);
            if (!string.IsNullOrEmpty(address.Hostname))
            {
                errors.InvalidEach(at.Child("hostname"), address.Hostname, NameRules.DnsLabel(address.Hostname));
            }

            if (address.NodeName is { } node)
            {
                errors.InvalidEach(at.Child("nodeName"), node, NameRules.DnsSubdomain(node));
            }

            NetworkRules.ValidateNonSpecial(at.Child("ip"), address.Ip ?? "", errors);
        }
    }

    private static void ValidatePort(Corev1EndpointPort port, bool requireName, FieldPath path, FieldErrors errors)
    {
        if (!string.IsNullOrEmpty(port.Name))
        {
            errors.InvalidEach(path.Child("name"), port.Name, NameRules.DnsLabel(port.Name));
        }
        else if (requireName)
        {
            errors.Required(path.Child("name"));
        }

        errors.InvalidEach(path.Child("port"), port.Port, NameRules.PortNumber(port.Port));
        if (string.IsNullOrEmpty(port.Protocol))
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

    /// <summary>Without subsets there is nothing; subsets without addresses are an empty text.</summary>
    private static string Summary(V1Endpoints item)
    {
        if (item.Subsets is not { Count: > 0 })
        {
            return TableColumns.None;
        }

        var shown = new List<string>();
        var count = 0;
        foreach (var subset in item.Subsets)
        {
            var addresses = subset.Addresses ?? [];

            // A headless Service may have no ports: then the addresses stand alone.
            IEnumerable<int?> ports = subset.Ports is { Count: > 0 } some ? some.Select(p => (int?)p.Port) : [null];
            foreach (var port in ports)
            {
                count += addresses.Count;
                shown.AddRange(addresses.Take(MaxShownAddresses - shown.Count).Select(a => Join(a.Ip, port)));
            }
        }

        var text = string.Join(',', shown);
        return count > shown.Count ? $"{text} + {count - MaxShownAddresses} more..." : text;
    }

    private static string Join(string? ip, int? port)
    {
        var host = ip?.Contains(':', StringComparison.Ordinal) == true && port is not null ? $"[{ip}]" : ip ?? "";
        return port is { } number ? string.Create(CultureInfo.InvariantCulture, $"{host}:{number}") : host;
    }
}
