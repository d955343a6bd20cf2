using k8s.Models;

namespace OrleansOrchestrator.Grains.Core.Bootstrap;

/// <summary>What every cluster has from the start: system namespaces, and the API as a Service.</summary>
public static class BootstrapObjects
{
    public const string DefaultNamespace = "default";
    public const string ApiServiceName = "kubernetes";

    private const string ServiceNameLabel = "kubernetes.io/service-name";
    private const string SkipMirrorLabel = "endpointslice.kubernetes.io/skip-mirror";

    public static IReadOnlyList<string> Namespaces { get; } =
        [DefaultNamespace, "kube-system", "kube-public", "kube-node-lease"];

    public static V1Namespace Namespace(string name) => new() { Metadata = new V1ObjectMeta { Name = name } };

    /// <summary><c>default/kubernetes</c>, at the first address of the service range.</summary>
    public static V1Service ApiService(string clusterIP, int apiPort) => new()
    {
        Metadata =
            Metadata(new Dictionary<string, string> { ["component"] = "apiserver", ["provider"] = "kubernetes" }),
        Spec = new V1ServiceSpec
        {
            Type = "ClusterIP",
            ClusterIP = clusterIP,
            IpFamilyPolicy = "SingleStack",
            SessionAffinity = "None",
            Ports = [new V1ServicePort { Name = "https", Port = 443, Protocol = "TCP", TargetPort = apiPort }],
        },
    };

    /// <summary>The old form of the endpoints; not to be mirrored, since the slice is written too.</summary>
    public static V1Endpoints ApiEndpoints(IReadOnlyList<string> addresses, int apiPort) => new()
    {
        Metadata = Metadata(new Dictionary<string, string> { [SkipMirrorLabel] = "true" }),
        Subsets =
        [
            new V1EndpointSubset
            {
                Addresses = [.. addresses.Select(a => new V1EndpointAddress { Ip = a })],
                Ports = [new Corev1EndpointPort { Name = "https", Port = apiPort, Protocol = "TCP" }],
            },
        ],
    };

    public static V1EndpointSlice ApiEndpointSlice(IReadOnlyList<string> addresses, int apiPort) => new()
    {
        Metadata = Metadata(new Dictionary<string, string> { [ServiceNameLabel] = ApiServiceName }),
        AddressType = "IPv4",
        Endpoints =
        [
            .. addresses.Select(
                a => new V1Endpoint { Addresses = [a], Conditions = new V1EndpointConditions { Ready = true } }),
        ],
        Ports = [new Discoveryv1EndpointPort { Name = "https", Port = apiPort, Protocol = "TCP" }],
    };

    private static V1ObjectMeta Metadata(IDictionary<string, string> labels) =>
        new() { Name = ApiServiceName, NamespaceProperty = DefaultNamespace, Labels = labels };
}
