using k8s.Models;
using V1 = OrleansOrchestrator.Grains.Cloud.Remote.V1;

namespace OrleansOrchestrator.Grains.Cloud.Remote;

/// <summary>Objects as messages. Pure.</summary>
internal static class CloudMessages
{
    /// <summary>The longest name that most clouds take.</summary>
    private const int LongestName = 32;

    public static string? Maybe(string text) => text.Length == 0 ? null : text;

    public static V1.Node Of(V1Node node) => new()
    {
        Name = node.Metadata.Name,
        Uid = node.Metadata.Uid ?? "",
        ProviderId = node.Spec?.ProviderID ?? "",
        Labels = { node.Metadata.Labels ?? None },
        Annotations = { node.Metadata.Annotations ?? None },
        Addresses = { (node.Status?.Addresses ?? []).Select(Of) },
        PodCidrs = { node.Spec?.PodCIDRs ?? [] },
    };

    public static V1.NodeAddress Of(V1NodeAddress address) =>
        new() { Type = address.Type ?? "", Address = address.Address ?? "" };

    public static V1.Service Of(V1Service service) => new()
    {
        Namespace = service.Metadata.NamespaceProperty ?? "",
        Name = service.Metadata.Name,
        Uid = service.Metadata.Uid ?? "",
        LoadBalancerName = NameOf(service.Metadata.Uid ?? ""),
        Labels = { service.Metadata.Labels ?? None },
        Annotations = { service.Metadata.Annotations ?? None },
        Ports = { (service.Spec.Ports ?? []).Select(Of) },
        SourceRanges = { service.Spec.LoadBalancerSourceRanges ?? [] },
        LoadBalancerIp = service.Spec.LoadBalancerIP ?? "",
        ExternalTrafficPolicy = service.Spec.ExternalTrafficPolicy ?? "Cluster",
        HealthCheckNodePort = service.Spec.HealthCheckNodePort ?? 0,
        SessionAffinity = service.Spec.SessionAffinity ?? "None",
        SessionAffinitySeconds = service.Spec.SessionAffinityConfig?.ClientIP?.TimeoutSeconds ?? 0,
        IpFamilies = { service.Spec.IpFamilies ?? [] },
    };

    /// <summary>Upstream's default: an a, and the uid without its dashes.</summary>
    private static string NameOf(string uid)
    {
        var name = $"a{uid.Replace("-", "", StringComparison.Ordinal)}";
        return name.Length <= LongestName ? name : name[..LongestName];
    }

    private static V1.ServicePort Of(V1ServicePort port) => new()
    {
        Name = port.Name ?? "",
        Protocol = port.Protocol ?? "TCP",
        Port = port.Port,
        NodePort = port.NodePort ?? 0,
        AppProtocol = port.AppProtocol ?? "",
    };

    private static Dictionary<string, string> None { get; } = new Dictionary<string, string>();
}
