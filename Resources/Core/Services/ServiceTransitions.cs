using k8s.Models;

namespace OrleansOrchestrator.Resources.Core.Services;

/// <summary>
/// Updates that change a Service's type. Fields that the old type had been given, that the new type does not have, and
/// that the client did not touch, are dropped for him; what he did touch is left for validation to refuse.
/// </summary>
public static class ServiceTransitions
{
    /// <summary>Drops allocated or defaulted values that the new type has no use for.</summary>
    public static void DropWhatNoLongerApplies(V1ServiceSpec spec, V1ServiceSpec old)
    {
        DropAddresses(spec, old);
        if (ServiceKinds.TakesNodePorts(old)
            && !ServiceKinds.TakesNodePorts(spec)
            && NodePortsOf(spec).ToHashSet().IsSubsetOf(NodePortsOf(old)))
        {
            foreach (var port in spec.Ports ?? [])
            {
                port.NodePort = null;
            }
        }

        if (ServiceKinds.NeedsHealthCheckPort(old) && !ServiceKinds.NeedsHealthCheckPort(spec) &&
            (spec.HealthCheckNodePort ?? 0) == (old.HealthCheckNodePort ?? 0))
        {
            spec.HealthCheckNodePort = null;
        }

        DropBalancerFields(spec, old);
        if (ServiceKinds.IsExternallyAccessible(old) && !ServiceKinds.IsExternallyAccessible(spec) &&
            spec.ExternalTrafficPolicy == old.ExternalTrafficPolicy)
        {
            spec.ExternalTrafficPolicy = null;
        }
    }

    /// <summary>
    /// Traffic inside the cluster goes to no mere name: upstream takes its policy, and never shows it (its
    /// <c>defaultOnReadService</c>). What is no policy is left for validation to refuse.
    /// </summary>
    public static void DropInternalPolicy(V1ServiceSpec spec)
    {
        if (spec.Type == ServiceKinds.ExternalName && spec.InternalTrafficPolicy is "Cluster" or "Local")
        {
            spec.InternalTrafficPolicy = null;
        }
    }

    /// <summary>
    /// Fills in allocated values that the client left out of an update, so that sending one's own manifest again is no
    /// change.
    /// </summary>
    public static void CarryAllocatedValues(V1ServiceSpec spec, V1ServiceSpec old)
    {
        if (ServiceKinds.NeedsClusterIP(old) && ServiceKinds.NeedsClusterIP(spec))
        {
            spec.ClusterIP = string.IsNullOrEmpty(spec.ClusterIP) ? old.ClusterIP : spec.ClusterIP;
            if (spec.ClusterIPs is not { Count: > 0 } && spec.ClusterIP == old.ClusterIP)
            {
                spec.ClusterIPs = old.ClusterIPs?.ToList();
            }
        }

        if (ServiceKinds.TakesNodePorts(old) && ServiceKinds.TakesNodePorts(spec))
        {
            CarryNodePorts(spec, old);
        }

        if (ServiceKinds.NeedsHealthCheckPort(old)
            && ServiceKinds.NeedsHealthCheckPort(spec)
            && spec.HealthCheckNodePort is null or 0)
        {
            spec.HealthCheckNodePort = old.HealthCheckNodePort;
        }
    }

    /// <summary>Keeps <c>clusterIP</c> and <c>clusterIPs</c> in step for clients that know only one of them.</summary>
    public static void SyncClusterIPs(V1ServiceSpec spec, V1ServiceSpec? old)
    {
        var single = spec.ClusterIP ?? "";
        var hasMany = spec.ClusterIPs is { Count: > 0 };
        if (old is null)
        {
            if (single.Length != 0 && !hasMany)
            {
                spec.ClusterIPs = [single];
            }

            return;
        }

        var oldSingle = old.ClusterIP ?? "";
        if (single == oldSingle)
        {
            spec.ClusterIPs = !hasMany && old.ClusterIPs is { Count: > 0 } ? old.ClusterIPs.ToList() : spec.ClusterIPs;
        }
        else if (single.Length == 0)
        {
            // Cleared by a client that does not know the plural.
            spec.ClusterIPs = ServiceKinds.SameStrings(spec.ClusterIPs, old.ClusterIPs) ? null : spec.ClusterIPs;
        }
        else if (!hasMany || ServiceKinds.SameStrings(spec.ClusterIPs, old.ClusterIPs))
        {
            spec.ClusterIPs = [single];
        }
    }

    private static void DropAddresses(V1ServiceSpec spec, V1ServiceSpec old)
    {
        if (!ServiceKinds.NeedsClusterIP(old) || ServiceKinds.NeedsClusterIP(spec))
        {
            return;
        }

        if ((spec.ClusterIP ?? "") == (old.ClusterIP ?? "")
            && ServiceKinds.SameStrings(spec.ClusterIPs, old.ClusterIPs))
        {
            spec.ClusterIP = null;
            spec.ClusterIPs = null;
        }

        spec.IpFamilies = ServiceKinds.SameStrings(spec.IpFamilies, old.IpFamilies) ? null : spec.IpFamilies;
        spec.IpFamilyPolicy = spec.IpFamilyPolicy == old.IpFamilyPolicy ? null : spec.IpFamilyPolicy;
    }

    private static void DropBalancerFields(V1ServiceSpec spec, V1ServiceSpec old)
    {
        if (old.Type != ServiceKinds.LoadBalancer || spec.Type == ServiceKinds.LoadBalancer)
        {
            return;
        }

        if (spec.AllocateLoadBalancerNodePorts == old.AllocateLoadBalancerNodePorts)
        {
            spec.AllocateLoadBalancerNodePorts = null;
        }

        if (spec.LoadBalancerClass == old.LoadBalancerClass)
        {
            spec.LoadBalancerClass = null;
        }
    }

    private static void CarryNodePorts(V1ServiceSpec spec, V1ServiceSpec old)
    {
        var used = NodePortsOf(old).Intersect(NodePortsOf(spec)).ToHashSet();
        var byName = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var port in old.Ports ?? [])
        {
            byName[port.Name ?? ""] = port.NodePort ?? 0;
        }

        foreach (var port in spec.Ports ?? [])
        {
            if (port.NodePort is null or 0
                && byName.TryGetValue(port.Name ?? "", out var known)
                && known != 0
                && used.Add(known))
            {
                port.NodePort = known;
            }
        }
    }

    private static IEnumerable<int> NodePortsOf(V1ServiceSpec spec) =>
        (spec.Ports ?? []).Select(p => p.NodePort ?? 0).Where(p => p != 0);
}
