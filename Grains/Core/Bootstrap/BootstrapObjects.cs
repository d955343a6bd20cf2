using k8s.Models;
using OrleansOrchestrator.Resources.Core.Secrets;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Bootstrap;

/// <summary>
/// What every cluster has from the start: system namespaces, the API as a Service, and the range of such addresses.
/// </summary>
public static class BootstrapObjects
{
    public const string DefaultNamespace = "default";
    public const string ApiServiceName = "kubernetes";
    public const string SystemNamespace = "kube-system";

    /// <summary>On the system namespace: the cluster was given its StorageClass.</summary>
    public const string StorageClassMade = "orc.local/storage-class";

    private const string ServiceNameLabel = "kubernetes.io/service-name";
    private const string SkipMirrorLabel = "endpointslice.kubernetes.io/skip-mirror";

    public static IReadOnlyList<string> Namespaces { get; } =
        [DefaultNamespace, SystemNamespace, "kube-public", WellKnown.NodeLeaseNamespace];

    public static V1Namespace Namespace(string name) => new() { Metadata = new V1ObjectMeta { Name = name } };

    /// <summary>Says since when uses of tokens that are kept in Secrets are noted.</summary>
    public static V1ConfigMap TokenTracking(DateTimeOffset now) => new()
    {
        Metadata = new V1ObjectMeta { Name = LegacyTokens.TrackingName, NamespaceProperty = "kube-system" },
        Data = new Dictionary<string, string> { [LegacyTokens.SinceKey] = LegacyTokens.Day(now) },
    };

    /// <summary>
    /// What metrics-server brings along: who may view a namespace, or more, may see what its pods use.
    /// </summary>
    public static V1ClusterRole MetricsReader() => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = "system:aggregated-metrics-reader",
            Labels = new Dictionary<string, string>
            {
                ["k8s-app"] = "metrics-server",
                ["rbac.authorization.k8s.io/aggregate-to-admin"] = "true",
                ["rbac.authorization.k8s.io/aggregate-to-edit"] = "true",
                ["rbac.authorization.k8s.io/aggregate-to-view"] = "true",
            },
        },
        Rules =
        [
            new V1PolicyRule
            {
                ApiGroups = ["metrics.k8s.io"], Resources = ["pods", "nodes"], Verbs = ["get", "list", "watch"],
            },
        ],
    };

    /// <summary>The ranges that Services have their addresses from.</summary>
    public static V1ServiceCIDR ServiceRange(IReadOnlyList<string> cidrs) => new()
    {
        Metadata = new V1ObjectMeta { Name = ApiServiceName }, Spec = new V1ServiceCIDRSpec { Cidrs = [.. cidrs] },
    };

    /// <summary>
    /// Adds the secondary range where the primary one stands alone, as upstream does for a cluster that gets one; false
    /// when there is nothing to add.
    /// </summary>
    public static bool Extend(V1ServiceCIDR range, IReadOnlyList<string> cidrs)
    {
        if (cidrs.Count == 1 || range.Spec.Cidrs is not [var only] || only != cidrs[0])
        {
            return false;
        }

        range.Spec.Cidrs = [.. cidrs];
        return true;
    }

    /// <summary>What upstream's API server says of its own range.</summary>
    public static V1Condition RangeIsReady(DateTimeOffset now) => new()
    {
        Type = "Ready", Status = "True", Reason = "", Message = "Kubernetes default Service CIDR is ready",
        LastTransitionTime = now.UtcDateTime,
    };

    /// <summary><c>default/kubernetes</c>, at the first address of the primary service range.</summary>
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

    /// <summary>The new form of the endpoints; all addresses are of the family, which is its type.</summary>
    public static V1EndpointSlice ApiEndpointSlice(
        IReadOnlyList<string> addresses, string family, int apiPort) => new()
    {
        Metadata = Metadata(new Dictionary<string, string> { [ServiceNameLabel] = ApiServiceName }),
        AddressType = family,
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
