using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Discovery.EndpointSlices;

/// <summary>
/// The rules of EndpointSlices. Slices change with every Pod of a Service, so a good one is checked without allocating
/// paths.
/// </summary>
public sealed class EndpointSliceStrategy : ResourceStrategy<V1EndpointSlice>
{
    private const int MaxShown = 3;
    private const string ManagedByLabel = "endpointslice.kubernetes.io/managed-by";

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("AddressType", "string", "", ColumnTexts.EndpointSlicesAddressType),
        new("Ports", "string", "", ColumnTexts.EndpointSlicesPorts),
        new("Endpoints", "string", "", ColumnTexts.EndpointSlicesEndpoints),
        TableColumns.Age,
    ];

    public override IReadOnlyList<object?> Cells(V1EndpointSlice item, DateTimeOffset now) =>
    [
        item.Metadata.Name,
        item.AddressType ?? "",
        Summary((item.Ports ?? []).Select(p => p.Port?.ToString(CultureInfo.InvariantCulture) ?? p.Name ?? "*")),
        Summary((item.Endpoints ?? []).SelectMany(e => e.Addresses ?? [])),
        TableColumns.AgeOf(item, now),
    ];

    public override void SetDefaults(V1EndpointSlice item)
    {
        // Stored empty lists come back as null from upstream's storage, and clients see null from the start.
        item.Ports = item.Ports is { Count: 0 } ? null : item.Ports;
        foreach (var port in item.Ports ?? [])
        {
            port.Name ??= "";
            port.Protocol ??= "TCP";
        }

        foreach (var endpoint in item.Endpoints ?? [])
        {
            endpoint.Conditions ??= new V1EndpointConditions();
        }
    }

    public override void PrepareForCreate(V1EndpointSlice item)
    {
        item.Metadata.Generation = 1;
        DropTopology(item);
    }

    public override void PrepareForUpdate(V1EndpointSlice item, V1EndpointSlice old, string subresource)
    {
        // A topology that is about to be dropped still counts as a change.
        var isSame = EndpointSliceComparer.Same(item, old)
            && item.Endpoints?.Any(e => e.DeprecatedTopology is { Count: > 0 }) != true;
        DropTopology(item);
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, isSame);
    }

    public override void Validate(V1EndpointSlice item, FieldErrors errors) =>
        EndpointSliceRules.Validate(item, null, errors);

    public override void ValidateUpdate(
        V1EndpointSlice item, V1EndpointSlice old, string subresource, FieldErrors errors)
    {
        EndpointSliceRules.Validate(item, old, errors);
        if (item.AddressType != old.AddressType)
        {
            errors.Invalid(FieldPath.Of("addressType"), item.AddressType, "field is immutable");
        }
    }

    public override IEnumerable<string> Warnings(V1EndpointSlice item, V1EndpointSlice? old)
    {
        if (item.AddressType == "FQDN" && old is null)
        {
            return ["spec.addressType: FQDN endpoints are deprecated"];
        }

        // Controllers have put their addresses right before.
        if (item.GetLabel(ManagedByLabel) is "endpointslice-controller.k8s.io" or "endpointslicemirroring-controller.k8s.io")
        {
            return [];
        }

        var path = FieldPath.Of("endpoints");
        return (item.Endpoints ?? []).SelectMany((endpoint, i) => (endpoint.Addresses ?? [])
            .SelectMany((address, j) => NetworkRules.IpWarnings(path.Index(i).Child("addresses").Index(j), address)));
    }

    /// <summary>The old topology map can no longer be written through v1.</summary>
    private static void DropTopology(V1EndpointSlice item)
    {
        foreach (var endpoint in item.Endpoints ?? [])
        {
            endpoint.DeprecatedTopology = null;
        }
    }

    private static string Summary(IEnumerable<string> values)
    {
        var all = values.ToList();
        var text = string.Join(',', all.Take(MaxShown));
        return all.Count > MaxShown ? $"{text} + {all.Count - MaxShown} more..." : text.Length == 0 ? "<unset>" : text;
    }
}
