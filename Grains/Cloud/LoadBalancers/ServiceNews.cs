using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Cloud.LoadBalancers;

/// <summary>What is told of a change of a Service that its load balancer must hear of, in upstream's words.</summary>
public static class ServiceNews
{
    /// <summary>
    /// The first that has changed, as upstream looks through them; null when that is nothing, or not worth a word.
    /// </summary>
    public static EventNote? Of(V1Service before, V1Service now)
    {
        var (old, spec) = (before.Spec, now.Spec);
        var isWanted = LoadBalancerPlanner.Wants(now);
        return isWanted != LoadBalancerPlanner.Wants(before) ? Changed("Type", old.Type, spec.Type)
            : !isWanted ? null
            : Text(old.LoadBalancerSourceRanges) != Text(spec.LoadBalancerSourceRanges) ? Changed(
                "LoadBalancerSourceRanges", Text(old.LoadBalancerSourceRanges), Text(spec.LoadBalancerSourceRanges))
            : !SamePorts(old, spec) || !SameAffinity(old, spec) ? null
            : (old.LoadBalancerIP ?? "") != (spec.LoadBalancerIP ?? "") ? Changed(
                "LoadbalancerIP", old.LoadBalancerIP, spec.LoadBalancerIP)
            : Count(old.ExternalIPs) != Count(spec.ExternalIPs) ? Changed(
                "ExternalIP", $"Count: {Count(old.ExternalIPs)}", $"{Count(spec.ExternalIPs)}")
            : Added(old, spec) is { } added ? EventNote.Normal(now, "ExternalIP", $"Added: {added}")
            : !Maps.Same(before.Metadata.Annotations, now.Metadata.Annotations) ? null
            : before.Metadata.Uid != now.Metadata.Uid ? Changed("UID", before.Metadata.Uid, now.Metadata.Uid)
            : (old.ExternalTrafficPolicy ?? "") != (spec.ExternalTrafficPolicy ?? "") ? Changed(
                "ExternalTrafficPolicy", old.ExternalTrafficPolicy, spec.ExternalTrafficPolicy)
            : (old.HealthCheckNodePort ?? 0) != (spec.HealthCheckNodePort ?? 0) ? Changed(
                "HealthCheckNodePort", $"{old.HealthCheckNodePort ?? 0}", $"{spec.HealthCheckNodePort ?? 0}")
            : Count(old.IpFamilies) != Count(spec.IpFamilies) ? Changed(
                "IPFamilies", $"Count: {Count(old.IpFamilies)}", $"{Count(spec.IpFamilies)}")
            : null;

        EventNote Changed(string reason, string? from, string? to) =>
            EventNote.Normal(now, reason, $"{from} -> {to}");
    }

    private static bool SamePorts(V1ServiceSpec old, V1ServiceSpec spec) => Ports(old).SequenceEqual(Ports(spec));

    private static IEnumerable<(string?, string?, int, int?, string?)> Ports(V1ServiceSpec spec) =>
        (spec.Ports ?? []).Select(
            static (string?, string?, int, int?, string?) (p) =>
                (p.Name, p.Protocol, p.Port, p.NodePort, p.TargetPort?.Value));

    private static bool SameAffinity(V1ServiceSpec old, V1ServiceSpec spec) =>
        old.SessionAffinity == spec.SessionAffinity
        && old.SessionAffinityConfig?.ClientIP?.TimeoutSeconds == spec.SessionAffinityConfig?.ClientIP?.TimeoutSeconds;

    private static string? Added(V1ServiceSpec old, V1ServiceSpec spec) =>
        (spec.ExternalIPs ?? []).Zip(old.ExternalIPs ?? []).Where(static p => p.First != p.Second)
            .Select(static p => p.First).FirstOrDefault();

    private static int Count(IList<string>? list) => list?.Count ?? 0;

    private static string Text(IList<string>? list) => $"[{string.Join(' ', list ?? [])}]";
}
