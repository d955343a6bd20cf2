using System.Collections.Frozen;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>What is known of the names of resources that containers ask for.</summary>
public static class ResourceNames
{
    public const string Cpu = "cpu";
    public const string Memory = "memory";
    public const string EphemeralStorage = "ephemeral-storage";
    public const string HugePagesPrefix = "hugepages-";

    private const string DefaultNamespacePrefix = "kubernetes.io/";

    private static readonly FrozenSet<string> StandardContainerNames =
        FrozenSet.ToFrozenSet([Cpu, Memory, EphemeralStorage], StringComparer.Ordinal);

    private static readonly FrozenSet<string> StandardNames = FrozenSet.ToFrozenSet(
        [
            Cpu, Memory, EphemeralStorage, "requests.cpu", "requests.memory", "requests.ephemeral-storage", "limits.cpu", "limits.memory",
            "limits.ephemeral-storage", "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "persistentvolumeclaims",
            "configmaps", "services.nodeports", "services.loadbalancers", "storage", "requests.storage",
        ],
        StringComparer.Ordinal);

    private static readonly FrozenSet<string> IntegerNames = FrozenSet.ToFrozenSet(
        [
            "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims",
            "services.nodeports", "services.loadbalancers",
        ],
        StringComparer.Ordinal);

    public static bool IsHugePages(string name) => name.StartsWith(HugePagesPrefix, StringComparison.Ordinal);

    public static bool IsStandard(string name) => StandardNames.Contains(name) || IsQuotaHugePages(name);

    public static bool IsStandardForContainers(string name) =>
        StandardContainerNames.Contains(name) || IsHugePages(name);

    /// <summary>Without a domain, or in Kubernetes' own.</summary>
    public static bool IsNative(string name) =>
        !name.Contains('/', StringComparison.Ordinal) || name.Contains(
            DefaultNamespacePrefix, StringComparison.Ordinal);

    public static bool IsOvercommitAllowed(string name) => IsNative(name) && !IsHugePages(name);

    /// <summary>A vendor's resource, such as a device.</summary>
    public static bool IsExtended(string name) =>
        !IsNative(name) && !name.StartsWith("requests.", StringComparison.Ordinal)
        && Kernel.NameRules.IsQualifiedName("requests." + name);

    public static bool IsInteger(string name) => IntegerNames.Contains(name) || IsExtended(name);

    /// <summary>True for resources that a pod may ask for as a whole.</summary>
    public static bool IsSupportedAtPodLevel(string name) => name is Cpu or Memory || IsHugePages(name);

    private static bool IsQuotaHugePages(string name) =>
        IsHugePages(name) || name.StartsWith("requests.hugepages-", StringComparison.Ordinal);
}
