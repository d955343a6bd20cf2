using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Services;

/// <summary>The Table form of Services.</summary>
internal static class ServicePrinter
{
    public static IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new("Type", "string", "", ColumnTexts.ServicesType),
        new("Cluster-IP", "string", "", ColumnTexts.ServicesClusterIp),
        new("External-IP", "string", "", ColumnTexts.ServicesExternalIps),
        new("Port(s)", "string", "", ColumnTexts.ServicesPorts),
        TableColumns.Age,
        new("Selector", "string", "", ColumnTexts.ServicesSelector, 1),
    ];

    public static IReadOnlyList<object?> Cells(V1Service item, DateTimeOffset now)
    {
        var ports = string.Join(',', (item.Spec.Ports ?? []).Select(PortText));
        return
        [
            item.Metadata.Name,
            item.Spec.Type ?? "",
            item.Spec.ClusterIPs is { Count: > 0 } addresses ? addresses[0] : TableColumns.None,
            ExternalText(item),
            ports.Length == 0 ? TableColumns.None : ports,
            TableColumns.AgeOf(item, now),
            TableColumns.Labels(item.Spec.Selector),
        ];
    }

    private static string PortText(V1ServicePort port) =>
        port.NodePort is > 0 ? $"{port.Port}:{port.NodePort}/{port.Protocol}" : $"{port.Port}/{port.Protocol}";

    private static string ExternalText(V1Service item)
    {
        var addresses = string.Join(',', item.Spec.ExternalIPs ?? []);
        switch (item.Spec.Type)
        {
            case ServiceKinds.ExternalName: return item.Spec.ExternalName ?? "";
            case ServiceKinds.ClusterIP or ServiceKinds.NodePort: return addresses.Length == 0
                ? TableColumns.None
                : addresses;
            case ServiceKinds.LoadBalancer:
                var ingress = (item.Status?.LoadBalancer?.Ingress ?? [])
                    .Select(i => string.IsNullOrEmpty(i.Ip) ? i.Hostname ?? "" : i.Ip)
                    .Where(t => t.Length != 0).Distinct().Order(StringComparer.Ordinal);
                var all = string.Join(',', addresses.Length == 0 ? ingress : ingress.Append(addresses));
                return all.Length == 0 ? "<pending>" : all;
            default: return TableColumns.Unknown;
        }
    }
}
