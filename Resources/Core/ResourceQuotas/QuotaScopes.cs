using System.Collections.Frozen;
using OrleansOrchestrator.Resources.Core.Pods;

namespace OrleansOrchestrator.Resources.Core.ResourceQuotas;

/// <summary>Which objects a quota counts, and what can be bounded for them.</summary>
public static class QuotaScopes
{
    public const string Terminating = "Terminating";
    public const string NotTerminating = "NotTerminating";
    public const string BestEffort = "BestEffort";
    public const string NotBestEffort = "NotBestEffort";
    public const string PriorityClass = "PriorityClass";
    public const string CrossNamespacePodAffinity = "CrossNamespacePodAffinity";
    public const string VolumeAttributesClass = "VolumeAttributesClass";

    private static readonly FrozenSet<string> ClaimResources =
        FrozenSet.ToFrozenSet(["persistentvolumeclaims", "requests.storage"], StringComparer.Ordinal);

    private static readonly FrozenSet<string> PodResources = FrozenSet.ToFrozenSet(
        ["pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"],
        StringComparer.Ordinal);

    /// <summary>The resources that can be bounded in a scope; null for a scope that is none.</summary>
    private static readonly FrozenDictionary<string, FrozenSet<string>> Resources =
        new Dictionary<string, FrozenSet<string>>(StringComparer.Ordinal)
        {
            [Terminating] = PodResources,
            [NotTerminating] = PodResources,
            [BestEffort] = FrozenSet.ToFrozenSet(["pods"], StringComparer.Ordinal),
            [NotBestEffort] = PodResources,
            [PriorityClass] = PodResources,
            [CrossNamespacePodAffinity] = PodResources,
            [VolumeAttributesClass] = ClaimResources,
        }.ToFrozenDictionary(StringComparer.Ordinal);

    public static bool IsKnown(string? scope) => Resources.ContainsKey(scope ?? "");

    /// <summary>False for a resource of upstream's own that means nothing in a scope; others are not judged.</summary>
    public static bool Fits(string? scope, string resource) =>
        !ResourceNames.IsStandardForQuotas(resource) || !Resources.TryGetValue(scope ?? "", out var those)
        || those.Contains(resource);

    /// <summary>True for a scope that an object is in or not, without values.</summary>
    public static bool IsPlain(string? scope) =>
        scope is BestEffort or NotBestEffort or Terminating or NotTerminating or CrossNamespacePodAffinity;
}
