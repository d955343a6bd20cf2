using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Services;

/// <summary>
/// Validation of a Service as such; what an update may change is in <see cref="ServiceUpdateRules"/>.
/// </summary>
internal static class ServiceRules
{
    private const int AffinityMaxSeconds = 86400;
    private const string SourceRangesAnnotation = "service.beta.kubernetes.io/load-balancer-source-ranges";
    private const string HintsAnnotation = "service.kubernetes.io/topology-aware-hints";
    private const string ModeAnnotation = "service.kubernetes.io/topology-mode";
    private const string OnlyForBalancer = "may only be used when `type` is 'LoadBalancer'";
    private const string NotForExternalName = "may not be set for ExternalName services";

    private static readonly string[] Affinities = ["ClientIP", "None"];
    private static readonly string[] Types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    private static readonly string[] Policies = ["Cluster", "Local"];
    private static readonly string[] Distributions = ["PreferClose", "PreferSameZone", "PreferSameNode"];
    private static readonly string[] IpModes = ["Proxy", "VIP"];
    private static readonly FieldPath Spec = FieldPath.Of("spec");
    private static readonly FieldPath Annotations = FieldPath.Of("metadata", "annotations");

    public static void Validate(V1Service item, FieldErrors errors)
    {
        var spec = item.Spec;
        ValidateTopologyAnnotations(item, errors);
        if (spec.Ports is not { Count: > 0 }
            && !ServiceKinds.IsHeadless(spec)
            && spec.Type != ServiceKinds.ExternalName)
        {
            errors.Required(Spec.Child("ports"));
        }

        ValidateTypeFields(spec, errors);
        ServicePortRules.Validate(spec, errors);
        ObjectMetaRules.ValidateLabels(spec.Selector, Spec.Child("selector"), errors);
        ValidateAffinity(spec, errors);
        ServiceAddressRules.Validate(spec, errors);
        ValidateExternalIPs(spec, errors);
        OneOf(Spec.Child("type"), spec.Type, Types, errors);
        ServicePortRules.ValidateUniqueness(spec, errors);
        ValidateSourceRanges(item, errors);
        ValidateBalancerFields(spec, errors);
        ValidateTrafficPolicies(spec, errors);
    }

    /// <summary>Findings on the status, which load balancers write.</summary>
    public static void ValidateStatus(V1Service item, FieldErrors errors)
    {
        var ingress = item.Status?.LoadBalancer?.Ingress ?? [];
        var path = FieldPath.Of("status", "loadBalancer", "ingress");
        if (ingress.Count != 0 && item.Spec.Type != ServiceKinds.LoadBalancer)
        {
            errors.Forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'");
            return;
        }

        for (var i = 0; i < ingress.Count; i++)
        {
            ValidateIngress(ingress[i], path.Index(i), errors);
        }
    }

    private static void ValidateIngress(V1LoadBalancerIngress ingress, FieldPath path, FieldErrors errors)
    {
        var hasIp = !string.IsNullOrEmpty(ingress.Ip);
        if (hasIp)
        {
            NetworkRules.ValidateIp(path.Child("ip"), ingress.Ip, errors);
        }

        if (hasIp && ingress.IpMode is null)
        {
            errors.Required(path.Child("ipMode"), "must be specified when `ip` is set");
        }
        else if (!hasIp && ingress.IpMode is not null)
        {
            errors.Forbidden(path.Child("ipMode"), "may not be specified when `ip` is not set");
        }
        else if (ingress.IpMode is { } mode && !IpModes.Contains(mode))
        {
            errors.NotSupported(path.Child("ipMode"), mode, IpModes);
        }

        if (!string.IsNullOrEmpty(ingress.Hostname))
        {
            errors.InvalidEach(path.Child("hostname"), ingress.Hostname, NameRules.DnsSubdomain(ingress.Hostname));
            if (NetworkRules.ParseSloppy(ingress.Hostname) is not null)
            {
                errors.Invalid(path.Child("hostname"), ingress.Hostname, "must be a DNS name, not an IP address");
            }
        }
    }

    private static void ValidateTopologyAnnotations(V1Service item, FieldErrors errors)
    {
        if (item.GetAnnotation(ModeAnnotation) is { } mode
            && item.GetAnnotation(HintsAnnotation) is { } hints
            && mode != hints)
        {
            errors.Invalid(
                Annotations.Key(ModeAnnotation), mode, $"must match annotations[{HintsAnnotation}] when both are specified");
        }
    }

    private static void ValidateTypeFields(V1ServiceSpec spec, FieldErrors errors)
    {
        switch (spec.Type)
        {
            case ServiceKinds.LoadBalancer or ServiceKinds.NodePort when ServiceKinds.IsHeadless(spec):
                errors.Invalid(
                    Spec.Child("clusterIPs").Index(0), spec.ClusterIPs[0], $"may not be set to 'None' for {spec.Type} services");
                break;
            case ServiceKinds.ExternalName:
                ForbidForExternalName(spec.ClusterIPs is { Count: > 0 }, "clusterIPs", errors);
                ForbidForExternalName(spec.IpFamilies is { Count: > 0 }, "ipFamilies", errors);
                ForbidForExternalName(spec.IpFamilyPolicy is not null, "ipFamilyPolicy", errors);
                ValidateExternalName(spec.ExternalName ?? "", errors);
                break;
        }
    }

    private static void ForbidForExternalName(bool isSet, string field, FieldErrors errors)
    {
        if (isSet)
        {
            errors.Forbidden(Spec.Child(field), NotForExternalName);
        }
    }

    private static void ValidateExternalName(string name, FieldErrors errors)
    {
        // A trailing dot denotes a fully qualified name.
        name = name.EndsWith('.') ? name[..^1] : name;
        if (name.Length == 0)
        {
            errors.Required(Spec.Child("externalName"));
        }
        else
        {
            errors.InvalidEach(Spec.Child("externalName"), name, NameRules.DnsSubdomain(name));
        }
    }

    private static void ValidateAffinity(V1ServiceSpec spec, FieldErrors errors)
    {
        OneOf(Spec.Child("sessionAffinity"), spec.SessionAffinity, Affinities, errors);
        var path = Spec.Child("sessionAffinityConfig");
        if (spec.SessionAffinity == "None" && spec.SessionAffinityConfig is not null)
        {
            errors.Forbidden(path, "must not be set when session affinity is None");
        }

        if (spec.SessionAffinity != "ClientIP")
        {
            return;
        }

        if (spec.SessionAffinityConfig is not { } config)
        {
            errors.Required(path, "when session affinity type is ClientIP");
        }
        else if (config.ClientIP is not { } client)
        {
            errors.Required(path.Child("clientIP"), "when session affinity type is ClientIP");
        }
        else if (client.TimeoutSeconds is not { } seconds)
        {
            errors.Required(path.Child("clientIP", "timeoutSeconds"), "when session affinity type is ClientIP");
        }
        else if (seconds is <= 0 or > AffinityMaxSeconds)
        {
            errors.Invalid(
                path.Child("clientIP", "timeoutSeconds"), seconds, $"must be greater than 0 and less than {AffinityMaxSeconds}");
        }
    }

    private static void ValidateExternalIPs(V1ServiceSpec spec, FieldErrors errors)
    {
        for (var i = 0; i < (spec.ExternalIPs?.Count ?? 0); i++)
        {
            var path = Spec.Child("externalIPs").Index(i);
            if (NetworkRules.ValidateIp(path, spec.ExternalIPs![i], errors))
            {
                NetworkRules.ValidateNonSpecial(path, spec.ExternalIPs[i], errors);
            }
        }
    }

    private static void ValidateSourceRanges(V1Service item, FieldErrors errors)
    {
        var isBalancer = item.Spec.Type == ServiceKinds.LoadBalancer;
        if (item.Spec.LoadBalancerSourceRanges is { Count: > 0 } ranges)
        {
            var path = Spec.Child("LoadBalancerSourceRanges");
            Forbid(!isBalancer, path, errors);
            for (var i = 0; i < ranges.Count; i++)
            {
                NetworkRules.ValidateCidr(path.Index(i), ranges[i].Trim(), errors);
            }
        }
        else if (item.GetAnnotation(SourceRangesAnnotation) is { } text)
        {
            var path = Annotations.Key(SourceRangesAnnotation);
            Forbid(!isBalancer, path, errors);
            foreach (var range in text.Trim().Length == 0 ? [] : text.Trim().Split(','))
            {
                NetworkRules.ValidateCidr(path, range.Trim(), errors);
            }
        }
    }

    private static void ValidateBalancerFields(V1ServiceSpec spec, FieldErrors errors)
    {
        var isBalancer = spec.Type == ServiceKinds.LoadBalancer;
        Forbid(
            !isBalancer && spec.AllocateLoadBalancerNodePorts is not null,
            Spec.Child("allocateLoadBalancerNodePorts"),
            errors);
        if (isBalancer && spec.AllocateLoadBalancerNodePorts is null)
        {
            errors.Required(FieldPath.Of("allocateLoadBalancerNodePorts"));
        }

        ValidateBalancerClass(spec, errors);
    }

    internal static void ValidateBalancerClass(V1ServiceSpec spec, FieldErrors errors)
    {
        var path = Spec.Child("loadBalancerClass");
        Forbid(spec.Type != ServiceKinds.LoadBalancer && spec.LoadBalancerClass is not null, path, errors);
        if (spec.Type == ServiceKinds.LoadBalancer && spec.LoadBalancerClass is { } name)
        {
            errors.InvalidEach(path, name, NameRules.QualifiedName(name));
        }
    }

    private static void ValidateTrafficPolicies(V1ServiceSpec spec, FieldErrors errors)
    {
        var external = Spec.Child("externalTrafficPolicy");
        if (ServiceKinds.IsExternallyAccessible(spec))
        {
            OneOf(external, spec.ExternalTrafficPolicy, Policies, errors);
        }
        else if (!string.IsNullOrEmpty(spec.ExternalTrafficPolicy))
        {
            errors.Invalid(external, spec.ExternalTrafficPolicy, "may only be set for externally-accessible services");
        }

        ValidateHealthCheckPort(spec, errors);
        if (spec.InternalTrafficPolicy is not null)
        {
            OneOf(Spec.Child("internalTrafficPolicy"), spec.InternalTrafficPolicy, Policies, errors);
        }
        else if (spec.Type is ServiceKinds.NodePort or ServiceKinds.LoadBalancer or ServiceKinds.ClusterIP)
        {
            errors.Required(Spec.Child("internalTrafficPolicy"));
        }

        if (spec.TrafficDistribution is { } distribution && !Distributions.Contains(distribution))
        {
            errors.NotSupported(Spec.Child("trafficDistribution"), distribution, Distributions);
        }
    }

    private static void ValidateHealthCheckPort(V1ServiceSpec spec, FieldErrors errors)
    {
        var path = Spec.Child("healthCheckNodePort");
        var port = spec.HealthCheckNodePort ?? 0;
        if (!ServiceKinds.NeedsHealthCheckPort(spec))
        {
            if (port != 0)
            {
                errors.Invalid(
                    path, port, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
            }
        }
        else if (port == 0)
        {
            errors.Required(path);
        }
        else
        {
            errors.InvalidEach(path, port, NameRules.PortNumber(port));
        }
    }

    private static void OneOf(FieldPath path, string? value, string[] supported, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(value))
        {
            errors.Required(path);
        }
        else if (!supported.Contains(value))
        {
            errors.NotSupported(path, value, supported);
        }
    }

    private static void Forbid(bool isForbidden, FieldPath path, FieldErrors errors)
    {
        if (isForbidden)
        {
            errors.Forbidden(path, OnlyForBalancer);
        }
    }
}
