using System.Collections.Frozen;
using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>Warnings about things that are allowed but surely not meant.</summary>
internal static class PodWarnings
{
    private const string NonFunctional = "non-functional in v1.27+; use the \"seccompProfile\" field instead";

    private static readonly FrozenDictionary<string, string> DeprecatedNodeLabels =
        new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["beta.kubernetes.io/arch"] = "deprecated since v1.14; use \"kubernetes.io/arch\" instead",
        ["beta.kubernetes.io/os"] = "deprecated since v1.14; use \"kubernetes.io/os\" instead",
        ["failure-domain.beta.kubernetes.io/region"] =
            "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
        ["failure-domain.beta.kubernetes.io/zone"] =
            "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
        ["beta.kubernetes.io/instance-type"] =
            "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly (string Key, string Message)[] DeprecatedAnnotations =
    [
        ("scheduler.alpha.kubernetes.io/critical-pod", "non-functional in v1.16+; use the \"priorityClassName\" field instead"),
        ("security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
        ("security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
    ];

    /// <summary>All warnings of a spec.</summary>
    /// <param name="spec">With defaults.</param>
    /// <param name="metadata">Of the pod or template.</param>
    /// <param name="template">Path of the template; null for a pod.</param>
    public static IEnumerable<string> Of(V1PodSpec spec, V1ObjectMeta? metadata, FieldPath? template)
    {
        var path = template?.Child("spec") ?? FieldPath.Of("spec");
        var annotations = template?.Child("metadata", "annotations") ?? FieldPath.Of("metadata", "annotations");
        var texts = new List<string>();
        NodeLabels(spec, path, texts);
        TopologySpread(spec, path, texts);
        Annotations(metadata, annotations, texts);
        VolumeWarnings.Add(spec, path, texts);
        Lists(spec, path, texts);
        if (spec.Overhead is { } overhead)
        {
            Fractions(overhead, path.Child("overhead"), texts);
        }

        if (spec.SecurityContext?.SeccompProfile is null
            && metadata?.Annotations?.ContainsKey(PodAnnotations.SeccompPod) == true)
        {
            texts.Add($"{annotations.Key(PodAnnotations.SeccompPod)}: {NonFunctional}");
        }

        foreach (var container in PodContainers.All(spec, path))
        {
            Container(container, spec, metadata, template is null ? null : annotations, annotations, texts);
        }

        PortWarnings.Add(spec, path, texts);
        if (spec.TerminationGracePeriodSeconds < 0)
        {
            texts.Add($"{path.Child("terminationGracePeriodSeconds")}: must be >= 0; negative values are invalid and will be treated as 1");
        }

        if (spec.Affinity is { } affinity)
        {
            Affinity(affinity, path.Child("affinity"), texts);
        }

        Addresses(spec, path, texts);
        return texts;
    }

    private static void Affinity(V1Affinity affinity, FieldPath path, List<string> texts)
    {
        const string Required = "requiredDuringSchedulingIgnoredDuringExecution";
        const string Preferred = "preferredDuringSchedulingIgnoredDuringExecution";
        var (pod, anti) = (affinity.PodAffinity, affinity.PodAntiAffinity);
        Terms(pod?.RequiredDuringSchedulingIgnoredDuringExecution, path.Child("podAffinity", Required), texts);
        WeightedTerms(
            pod?.PreferredDuringSchedulingIgnoredDuringExecution, path.Child("podAffinity", Preferred), texts);
        Terms(anti?.RequiredDuringSchedulingIgnoredDuringExecution, path.Child("podAntiAffinity", Required), texts);
        WeightedTerms(
            anti?.PreferredDuringSchedulingIgnoredDuringExecution, path.Child("podAntiAffinity", Preferred), texts);
    }

    private static void Terms(IList<V1PodAffinityTerm>? terms, FieldPath path, List<string> texts)
    {
        for (var i = 0; i < (terms?.Count ?? 0); i++)
        {
            if (terms![i].LabelSelector is null)
            {
                texts.Add($"{path.Index(i).Child("labelSelector")}: a null labelSelector results in matching no pod");
            }
        }
    }

    private static void WeightedTerms(IList<V1WeightedPodAffinityTerm>? terms, FieldPath path, List<string> texts)
    {
        for (var i = 0; i < (terms?.Count ?? 0); i++)
        {
            if (terms![i].PodAffinityTerm?.LabelSelector is null)
            {
                texts.Add($"{path.Index(i).Child("podAffinityTerm", "labelSelector")}: a null labelSelector results in matching no pod");
            }
        }
    }

    private static void Addresses(V1PodSpec spec, FieldPath path, List<string> texts)
    {
        for (var i = 0; i < (spec.DnsConfig?.Nameservers?.Count ?? 0); i++)
        {
            texts.AddRange(NetworkRules.IpWarnings(path.Child("dnsConfig", "nameservers").Index(i), spec.DnsConfig!.Nameservers![i]));
        }

        for (var i = 0; i < (spec.HostAliases?.Count ?? 0); i++)
        {
            texts.AddRange(
                NetworkRules.IpWarnings(path.Child("hostAliases").Index(i).Child("ip"), spec.HostAliases![i].Ip ?? ""));
        }
    }

    /// <summary>The warning of a deprecated label of nodes, null when it is not one.</summary>
    public static string? NodeLabel(string? label) =>
        label is null ? null : DeprecatedNodeLabels.GetValueOrDefault(label);

    private static void NodeLabels(V1PodSpec spec, FieldPath path, List<string> texts)
    {
        foreach (var key in spec.NodeSelector?.Keys.Order(StringComparer.Ordinal) ?? Enumerable.Empty<string>())
        {
            if (NodeLabel(key) is { } message)
            {
                texts.Add($"{path.Child("nodeSelector").Key(key)}: {message}");
            }
        }

        if (spec.Affinity?.NodeAffinity is { } affinity)
        {
            NodeAffinityWarnings.Add(affinity, path.Child("affinity", "nodeAffinity"), texts);
        }
    }

    private static void TopologySpread(V1PodSpec spec, FieldPath path, List<string> texts)
    {
        for (var i = 0; i < (spec.TopologySpreadConstraints?.Count ?? 0); i++)
        {
            var constraint = spec.TopologySpreadConstraints![i];
            var at = path.Child("topologySpreadConstraints").Index(i);
            if (NodeLabel(constraint.TopologyKey) is { } message)
            {
                texts.Add($"{at.Child("topologyKey")}: {constraint.TopologyKey} is {message}");
            }

            if (constraint.LabelSelector is null)
            {
                texts.Add($"{at.Child("labelSelector")}: a null labelSelector results in matching no pod");
            }
        }
    }

    private static void Annotations(V1ObjectMeta? metadata, FieldPath path, List<string> texts)
    {
        if (metadata?.Annotations is not { Count: > 0 } annotations)
        {
            return;
        }

        foreach (var (key, message) in DeprecatedAnnotations)
        {
            if (annotations.ContainsKey(key))
            {
                texts.Add($"{path.Key(key)}: {message}");
            }
        }
    }

    private static void Lists(V1PodSpec spec, FieldPath path, List<string> texts)
    {
        if (spec.HostAliases is { } aliases)
        {
            HostAliases(aliases, path, texts);
        }

        if (spec.ImagePullSecrets is { } secrets)
        {
            PullSecrets(secrets, path, texts);
        }
    }

    private static void HostAliases(IList<V1HostAlias> aliases, FieldPath path, List<string> texts)
    {
        var addresses = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < aliases.Count; i++)
        {
            var ip = aliases[i].Ip ?? "";
            if (!addresses.Add(ip))
            {
                texts.Add($"{path.Child("hostAliases").Index(i).Child("ip")}: duplicate ip {GoText.Quote(ip)}");
            }
        }
    }

    private static void PullSecrets(IList<V1LocalObjectReference> secrets, FieldPath path, List<string> texts)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < secrets.Count; i++)
        {
            var name = secrets[i].Name ?? "";
            if (!names.Add(name))
            {
                texts.Add(
                    $"{path.Child("imagePullSecrets").Index(i).Child("name")}: duplicate name {GoText.Quote(name)}");
            }
        }

        for (var i = 0; i < secrets.Count; i++)
        {
            if (string.IsNullOrEmpty(secrets[i].Name))
            {
                texts.Add($"{path.Child("imagePullSecrets").Index(i).Child("name")}: invalid empty name \"\"");
            }
        }
    }

    private static void Container(
        ContainerView container, V1PodSpec spec, V1ObjectMeta? metadata, FieldPath? templateAnnotations, FieldPath annotations, List<string> texts)
    {
        if (metadata?.Annotations is { Count: > 0 } map)
        {
            var seccomp = PodAnnotations.SeccompContainerPrefix + container.Name;
            if (container.SecurityContext?.SeccompProfile is null && map.ContainsKey(seccomp))
            {
                texts.Add($"{annotations.Key(seccomp)}: {NonFunctional}");
            }

            var appArmor = PodAnnotations.AppArmorPrefix + container.Name;
            var hasField =
                (container.SecurityContext?.AppArmorProfile ?? spec.SecurityContext?.AppArmorProfile) is not null;
            if (templateAnnotations is not null && !hasField && map.ContainsKey(appArmor))
            {
                texts.Add(
                    $"{annotations.Key(appArmor)}: deprecated since v1.30; use the \"appArmorProfile\" field instead");
            }
        }

        if (container.Resources is { } resources)
        {
            Fraction(resources.Limits, ResourceNames.Memory, container, "limits", texts);
            Fraction(resources.Requests, ResourceNames.Memory, container, "requests", texts);
            Fraction(resources.Limits, ResourceNames.EphemeralStorage, container, "limits", texts);
            Fraction(resources.Requests, ResourceNames.EphemeralStorage, container, "requests", texts);
        }

        if (container.Env is { Count: > 1 } variables)
        {
            Environment(variables, container, texts);
        }
    }

    private static void Fraction(
        IDictionary<string, ResourceQuantity>? quantities, string name, ContainerView container, string field, List<string> texts)
    {
        if (quantities?.TryGetValue(name, out var model) == true
            && Quantity.Of(model) is var quantity
            && !quantity.IsInteger)
        {
            texts.Add(QuantityTexts.Fraction(container.Path.Child("resources", field).Key(name), quantity));
        }
    }

    private static void Fractions(IDictionary<string, ResourceQuantity> overhead, FieldPath path, List<string> texts)
    {
        foreach (var name in (string[])[ResourceNames.Memory, ResourceNames.EphemeralStorage])
        {
            if (overhead.TryGetValue(name, out var model)
                && Quantity.Of(model) is var quantity
                && !quantity.IsInteger)
            {
                texts.Add(QuantityTexts.Fraction(path.Key(name), quantity));
            }
        }
    }

    /// <summary>A variable that hides an earlier one, unless it builds on it.</summary>
    private static void Environment(IList<V1EnvVar> variables, ContainerView container, List<string> texts)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < variables.Count; i++)
        {
            var name = variables[i].Name ?? "";
            if (names.Add(name))
            {
                continue;
            }

            var reference = $"$({name})";
            var value = variables[i].Value ?? "";
            if (variables[i].ValueFrom is not null
                || value == reference
                || !value.Contains(reference, StringComparison.Ordinal))
            {
                texts.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{container.Path.Child("env").Index(i)}: hides previous definition of {GoText.Quote(name)}, which may be dropped when using apply"));
            }
        }
    }
}
