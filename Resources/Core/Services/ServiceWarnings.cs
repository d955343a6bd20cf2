using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Services;

/// <summary>What a Service's author should know although the Service is accepted.</summary>
internal static class ServiceWarnings
{
    private const string HintsAnnotation = "service.kubernetes.io/topology-aware-hints";
    private const string ModeAnnotation = "service.kubernetes.io/topology-mode";

    private static readonly FieldPath Spec = FieldPath.Of("spec");

    public static IEnumerable<string> Of(V1Service item)
    {
        var spec = item.Spec;
        IEnumerable<string> warnings = [];
        if (item.GetAnnotation(HintsAnnotation) is not null)
        {
            warnings =
                warnings.Append($"annotation {HintsAnnotation} is deprecated, please use {ModeAnnotation} instead");
        }

        if (!string.IsNullOrEmpty(spec.ClusterIP) && spec.ClusterIP != ServiceKinds.None)
        {
            warnings = warnings.Concat(Each(spec.ClusterIPs, "clusterIPs", NetworkRules.IpWarnings));
        }

        var isHeadless = spec is { Type: ServiceKinds.ClusterIP, ClusterIP: ServiceKinds.None };
        return warnings
            .Concat(isHeadless ? OfHeadless(spec) : [])
            .Concat(Each(spec.ExternalIPs, "externalIPs", NetworkRules.IpWarnings))
            .Concat(OfTheRest(spec, isHeadless));
    }

    private static IEnumerable<string> OfHeadless(V1ServiceSpec spec)
    {
        if (!string.IsNullOrEmpty(spec.LoadBalancerIP))
        {
            yield return "spec.loadBalancerIP is ignored for headless services";
        }

        if (spec.ExternalIPs is { Count: > 0 })
        {
            yield return "spec.externalIPs is ignored for headless services";
        }

        if (spec.SessionAffinity != "None")
        {
            yield return "spec.SessionAffinity is ignored for headless services";
        }
    }

    private static IEnumerable<string> OfTheRest(V1ServiceSpec spec, bool isHeadless)
    {
        var hasExternalIPs = spec.ExternalIPs is { Count: > 0 };
        if (hasExternalIPs && !isHeadless && spec.Type != ServiceKinds.ExternalName)
        {
            yield return "spec.externalIPs is deprecated and may no longer be implemented in some clusters";
        }

        var addresses = string.IsNullOrEmpty(spec.LoadBalancerIP)
            ? []
            : NetworkRules.IpWarnings(Spec.Child("loadBalancerIP"), spec.LoadBalancerIP);
        foreach (var warning in addresses.Concat(
            Each(spec.LoadBalancerSourceRanges, "loadBalancerSourceRanges", NetworkRules.CidrWarnings)))
        {
            yield return warning;
        }

        if (spec.Type == ServiceKinds.ExternalName && hasExternalIPs)
        {
            yield return "spec.externalIPs is ignored when spec.type is \"ExternalName\"";
        }

        if (spec.Type != ServiceKinds.ExternalName && !string.IsNullOrEmpty(spec.ExternalName))
        {
            yield return "spec.externalName is ignored when spec.type is not \"ExternalName\"";
        }

        if (spec.TrafficDistribution == "PreferClose")
        {
            yield return "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"";
        }
    }

    private static IEnumerable<string> Each(
        IList<string>? values, string field, Func<FieldPath, string, IEnumerable<string>> warningsOf) =>
        (values ?? []).SelectMany((value, i) => warningsOf(Spec.Child(field).Index(i), value));
}
