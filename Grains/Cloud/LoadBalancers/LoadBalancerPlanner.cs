using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Cloud.LoadBalancers;

/// <summary>The decisions about load balancers of Services, as upstream's service controller makes them.</summary>
public static class LoadBalancerPlanner
{
    /// <summary>Keeps a Service until its load balancer is gone.</summary>
    public const string Finalizer = "service.kubernetes.io/load-balancer-cleanup";

    /// <summary>Keeps a node from load balancers, unless its value says false.</summary>
    public const string ExcludeLabel = "node.kubernetes.io/exclude-from-external-load-balancers";

    private const string ToBeDeletedTaint = "ToBeDeletedByClusterAutoscaler";

    /// <summary>A load balancer of ours is wanted: one with a class is somebody else's.</summary>
    public static bool Wants(V1Service service) =>
        service.Spec is { Type: "LoadBalancer", LoadBalancerClass: null };

    /// <summary>It has, or may have, a load balancer that is to go.</summary>
    public static bool NeedsCleanup(V1Service service) =>
        service.Metadata.Finalizers?.Contains(Finalizer) == true
        && (service.Metadata.DeletionTimestamp is not null || service.Spec.Type != "LoadBalancer");

    /// <summary>The next step for a Service that is there.</summary>
    public static BalancerStep Compute(
        V1Service service, KnownBalancer? known, IReadOnlyDictionary<string, string> nodes)
    {
        if (NeedsCleanup(service) || (!Wants(service) && known is not null && Wants(known.Service)))
        {
            return BalancerStep.Delete;
        }

        return !Wants(service) ? BalancerStep.None
            : known is null || known.Failed || Differs(known.Service, service) ? BalancerStep.Ensure
            : Maps.Same(known.Nodes, nodes) ? BalancerStep.None
            : BalancerStep.UpdateNodes;
    }

    /// <summary>
    /// The nodes that load balancers send to: neither on their way out nor kept out. Whether one is Ready the load
    /// balancer's own health checks tell sooner.
    /// </summary>
    public static bool TakesTraffic(V1Node node) =>
        node.Metadata.DeletionTimestamp is null && !IsExcluded(node)
        && node.Spec?.Taints?.Any(t => t.Key == ToBeDeletedTaint) != true;

    /// <summary>Provider ids by name: what of the nodes a load balancer is about.</summary>
    public static IReadOnlyDictionary<string, string> Distill(IEnumerable<V1Node> nodes) =>
        nodes.ToDictionary(n => n.Metadata.Name, n => n.Spec?.ProviderID ?? "", StringComparer.Ordinal);

    /// <summary>True when load balancers have to hear of a node's change.</summary>
    public static bool Matters(V1Node? before, V1Node? now) =>
        before is null || now is null || IsExcluded(before) != IsExcluded(now)
        || (before.Spec?.ProviderID ?? "") != (now.Spec?.ProviderID ?? "");

    /// <summary>True when the load balancer has to hear of a Service's change.</summary>
    public static bool Differs(V1Service before, V1Service now) => !Facts(before).AsSpan().SequenceEqual(Facts(now));

    /// <summary>Two statuses that say the same.</summary>
    public static bool IsSame(V1LoadBalancerStatus? one, V1LoadBalancerStatus? other) =>
        ResourceCodec.Encode(one ?? new V1LoadBalancerStatus()).AsSpan()
            .SequenceEqual(ResourceCodec.Encode(other ?? new V1LoadBalancerStatus()));

    /// <summary>Any value but one that reads as false keeps the node out.</summary>
    private static bool IsExcluded(V1Node node) =>
        node.Metadata.Labels?.TryGetValue(ExcludeLabel, out var value) == true
        && GoBooleans.Parse(value) != false;

    /// <summary>What of a Service concerns its load balancer.</summary>
    private static byte[] Facts(V1Service service) => ResourceCodec.Encode(new V1Service
    {
        Metadata = new V1ObjectMeta
        {
            Uid = service.Metadata.Uid,
            Annotations = service.Metadata.Annotations is { Count: > 0 } all
                ? new SortedDictionary<string, string>(all, StringComparer.Ordinal)
                : null,
        },
        Spec = new V1ServiceSpec
        {
            LoadBalancerSourceRanges = NullIfEmpty(service.Spec.LoadBalancerSourceRanges),
            Ports = service.Spec.Ports,
            SessionAffinity = service.Spec.SessionAffinity,
            SessionAffinityConfig = service.Spec.SessionAffinityConfig,
            LoadBalancerIP = service.Spec.LoadBalancerIP,
            ExternalIPs = NullIfEmpty(service.Spec.ExternalIPs),
            ExternalTrafficPolicy = service.Spec.ExternalTrafficPolicy,
            HealthCheckNodePort = service.Spec.HealthCheckNodePort,
            IpFamilies = service.Spec.IpFamilies,
        },
    });

    private static IList<string>? NullIfEmpty(IList<string>? list) => list is { Count: > 0 } ? list : null;
}
