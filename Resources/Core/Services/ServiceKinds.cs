using k8s.Models;

namespace OrleansOrchestrator.Resources.Core.Services;

/// <summary>What a Service's type and policies entail.</summary>
public static class ServiceKinds
{
    public const string ClusterIP = "ClusterIP";
    public const string NodePort = "NodePort";
    public const string LoadBalancer = "LoadBalancer";
    public const string ExternalName = "ExternalName";

    /// <summary>The clusterIP of a headless Service.</summary>
    public const string None = "None";

    public const string IPv4 = "IPv4";
    public const string IPv6 = "IPv6";
    public const string SingleStack = "SingleStack";
    public const string PreferDualStack = "PreferDualStack";
    public const string RequireDualStack = "RequireDualStack";

    /// <summary>True unless the Service is a mere name.</summary>
    public static bool NeedsClusterIP(V1ServiceSpec spec) => spec.Type != ExternalName;

    /// <summary>True when ports of nodes are opened for it.</summary>
    /// <summary>Its ports may have node ports, whether or not they are to be allocated.</summary>
    public static bool TakesNodePorts(V1ServiceSpec spec) => spec.Type is NodePort or LoadBalancer;

    public static bool NeedsNodePorts(V1ServiceSpec spec) =>
        spec.Type == NodePort || (spec.Type == LoadBalancer && spec.AllocateLoadBalancerNodePorts != false);

    /// <summary>True when a load balancer must find out which nodes have endpoints.</summary>
    public static bool NeedsHealthCheckPort(V1ServiceSpec spec) =>
        spec is { Type: LoadBalancer, ExternalTrafficPolicy: "Local" };

    /// <summary>True when traffic may come from outside the cluster.</summary>
    public static bool IsExternallyAccessible(V1ServiceSpec spec) =>
        spec.Type is NodePort or LoadBalancer || (spec.Type == ClusterIP && spec.ExternalIPs is { Count: > 0 });

    /// <summary>True for a Service without a virtual address.</summary>
    public static bool IsHeadless(V1ServiceSpec spec) => spec.ClusterIPs is [None];

    internal static bool SameStrings(IList<string>? left, IList<string>? right) =>
        (left ?? []).SequenceEqual(right ?? []);
}
