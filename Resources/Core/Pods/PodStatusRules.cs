using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>Findings on a pod's status.</summary>
internal static class PodStatusRules
{
    private const string NoRevival = "may not be transitioned to non-terminated state";
    private const string NotNegative = "must be a non-negative integer";
    private const string OnePerFamily = "may specify no more than one IP for each IP family";

    public static void Validate(V1Pod pod, V1Pod old, FieldErrors errors)
    {
        PodAnnotationRules.ValidateUpdate(pod, old, FieldPath.Of("metadata", "annotations"), errors);
        var path = FieldPath.Of("status");
        var (status, previous) = (pod.Status ?? new(), old.Status ?? new());
        Conditions(status.Conditions, path, errors);
        NominatedNode(status, previous, old.Spec, path, errors);
        if (status.ObservedGeneration is { } generation and < 0)
        {
            errors.Invalid(path.Child("observedGeneration"), generation, NotNegative);
        }

        if ((status.QosClass ?? "") != (previous.QosClass ?? ""))
        {
            errors.Invalid(path.Child("qosClass"), status.QosClass ?? "", "field is immutable");
        }

        Transitions(status, previous, old.Spec, path, errors);
        ResourceClaims(status.ResourceClaimStatuses, pod.Spec, path, errors);
        if (status.ExtendedResourceClaimStatus is { } extended)
        {
            ExtendedClaimRules.Validate(extended, pod.Spec, path.Child("extendedResourceClaimStatus"), errors);
        }

        Addresses(
            [.. (status.PodIPs ?? []).Select(i => i.Ip ?? "")], path.Child("podIPs"), Shown(status.PodIPs), errors);
        HostAddresses(status, path, errors);
        ContainerStatusRules.Validate(status, pod.Spec, path, errors);
    }

    private static void Conditions(IList<V1PodCondition>? conditions, FieldPath parent, FieldErrors errors)
    {
        for (var i = 0; i < (conditions?.Count ?? 0); i++)
        {
            var condition = conditions![i];
            var type = condition.Type ?? "";
            if (condition.ObservedGeneration is { } generation and < 0)
            {
                errors.Invalid(
                    parent.Child("conditions").Index(i).Child("observedGeneration"), generation, NotNegative);
            }

            if (!NameRules.IsQualifiedName(type))
            {
                errors.InvalidEach(
                    parent.Child("conditions").Index(i).Child("Type"), type, NameRules.QualifiedName(type));
            }
        }
    }

    private static void NominatedNode(
        V1PodStatus status, V1PodStatus previous, V1PodSpec oldSpec, FieldPath parent, FieldErrors errors)
    {
        var name = status.NominatedNodeName;
        if (string.IsNullOrEmpty(name) || name == previous.NominatedNodeName)
        {
            return;
        }

        var path = parent.Child("nominatedNodeName");
        errors.InvalidEach(path, name, NameRules.DnsSubdomain(name));
        if (!string.IsNullOrEmpty(oldSpec.NodeName))
        {
            errors.Forbidden(path, "may not be set on pods that are already bound to a node");
        }
    }

    private static void Transitions(
        V1PodStatus status, V1PodStatus old, V1PodSpec spec, FieldPath path, FieldErrors errors)
    {
        var restartsAll = (spec.Containers ?? []).Concat(spec.InitContainers ?? [])
            .Any(c => c.RestartPolicyRules?.Any(r => r.Action == "RestartAllContainers") == true);
        if (!restartsAll)
        {
            Revivals(
                status.ContainerStatuses,
                old.ContainerStatuses,
                spec,
                spec.Containers,
                path.Child("containerStatuses"),
                errors);
            Revivals(
                status.InitContainerStatuses, old.InitContainerStatuses, spec, spec.InitContainers, path.Child("initContainerStatuses"), errors);
        }

        Revivals(
            status.EphemeralContainerStatuses, old.EphemeralContainerStatuses, null, null, path.Child("ephemeralContainerStatuses"), errors);
    }

    /// <summary>A terminated container stays so, unless its restart policy lets it begin again.</summary>
    private static void Revivals(
        IList<V1ContainerStatus>? next,
        IList<V1ContainerStatus>? old,
        V1PodSpec? spec,
        IList<V1Container>? containers,
        FieldPath path,
        FieldErrors errors)
    {
        var statuses = new NameIndex<V1ContainerStatus>(next, static s => s.Name);
        var specs = new NameIndex<V1Container>(containers, static c => c.Name);
        for (var i = 0; i < (old?.Count ?? 0); i++)
        {
            if (old![i].State?.Terminated is not { } terminated
                || statuses.Find(old[i].Name) is not { } status
                || status.State?.Terminated is not null)
            {
                continue;
            }

            var container = specs.Find(old[i].Name);
            if (spec is null || container is null || !ContainerRestarts.IsDue(container, spec, terminated.ExitCode))
            {
                errors.Forbidden(path.Index(i).Child("state"), NoRevival);
            }
        }
    }

    private static void ResourceClaims(
        IList<V1PodResourceClaimStatus>? statuses, V1PodSpec spec, FieldPath parent, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var claims = new NameIndex<V1PodResourceClaim>(spec.ResourceClaims, static c => c.Name);
        for (var i = 0; i < (statuses?.Count ?? 0); i++)
        {
            var path = parent.Child("resourceClaimStatuses").Index(i);
            var name = statuses![i].Name ?? "";
            if (claims.Find(name) is null)
            {
                errors.Invalid(path.Child("name"), name, "must match the name of an entry in `spec.resourceClaims`");
            }

            if (!names.Add(name))
            {
                errors.Duplicate(path.Child("name"), name);
            }

            if (statuses[i].ResourceClaimName is { } claim)
            {
                // Upstream says this of the name of the entry.
                errors.InvalidEach(path.Child("name"), claim, NameRules.DnsSubdomain(claim));
            }
        }
    }

    private static RawJson Shown(IList<V1PodIP>? ips) =>
        new($"[{string.Join(',', (ips ?? []).Select(InternalForm.Compact))}]");

    private static void Addresses(List<string> ips, FieldPath path, RawJson shown, FieldErrors errors)
    {
        for (var i = 0; i < ips.Count; i++)
        {
            NetworkRules.ValidateIp(path.Index(i), ips[i], errors);
        }

        if (ips.Count < 2)
        {
            return;
        }

        var unreadable = ips.FindIndex(static ip => NetworkRules.ParseSloppy(ip) is null);
        if (unreadable >= 0)
        {
            errors.InternalError(
                path, $"failed to check for dual stack with error:invalid IP[{unreadable}]: {ips[unreadable]}");
        }

        if (unreadable >= 0 || ips.Count > 2 || NetworkRules.IsIPv6(ips[0]) == NetworkRules.IsIPv6(ips[1]))
        {
            errors.Invalid(path, shown, OnePerFamily);
        }
    }

    private static void HostAddresses(V1PodStatus status, FieldPath parent, FieldErrors errors)
    {
        if (status.HostIPs is not { Count: > 0 } ips)
        {
            return;
        }

        var path = parent.Child("hostIPs");
        if ((status.HostIP ?? "") != (ips[0].Ip ?? ""))
        {
            errors.Invalid(path.Index(0).Child("ip"), ips[0].Ip ?? "", "must be equal to `hostIP`");
        }

        var shown = new RawJson($"[{string.Join(',', ips.Select(InternalForm.Compact))}]");
        Addresses([.. ips.Select(i => i.Ip ?? "")], path, shown, errors);
    }
}

/// <summary>Whether a container that ended begins again.</summary>
public static class ContainerRestarts
{
    /// <summary>By the container's rules and policy, or else by the pod's policy.</summary>
    public static bool IsDue(V1Container container, V1PodSpec spec, int exitCode)
    {
        foreach (var rule in container.RestartPolicyRules ?? [])
        {
            var contains = rule.ExitCodes?.Values?.Contains(exitCode) == true;
            var matches = rule.ExitCodes?.OperatorProperty == "In" ? contains : rule.ExitCodes is not null && !contains;
            if (matches)
            {
                return true;
            }
        }

        return (container.RestartPolicy ?? spec.RestartPolicy) switch
        {
            "Always" => true,
            "OnFailure" => exitCode != 0,
            _ => false,
        };
    }
}
