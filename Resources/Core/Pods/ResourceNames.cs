using System.Collections.Frozen;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>What is known of the names of resources that containers ask for.</summary>
public static class ResourceNames
{
    public const string Cpu = "cpu";
    public const string Memory = "memory";
    public const string EphemeralStorage = "ephemeral-storage";
    public const string HugePagesPrefix = "hugepages-";

    /// <summary>A resource with this prefix is what the class of devices of the rest of the name offers.</summary>
    public const string DeviceClassPrefix = "deviceclass.resource.kubernetes.io/";

    /// <summary>The annotation (<c>true</c>) of a claim that was made for a pod's extended resources.</summary>
    public const string ExtendedClaimAnnotation = "resource.kubernetes.io/extended-resource-claim";

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
        IsPlain(name) || name.Contains(DefaultNamespacePrefix, StringComparison.Ordinal);

    /// <summary>A resource that a quota can bound by a name without a domain.</summary>
    public static bool IsStandardForQuotas(string name) =>
        (StandardNames.Contains(name) && name != "storage") || IsQuotaHugePages(name);

    /// <summary>Why a name is no resource; nothing more is said of one that is not even a qualified name.</summary>
    public static IEnumerable<string> Complaints(string name)
    {
        if (!Kernel.NameRules.IsQualifiedName(name))
        {
            return Kernel.NameRules.QualifiedName(name);
        }

        return IsPlain(name) && !IsStandard(name) ? ["must be a standard resource type or fully qualified"] : [];
    }

    /// <summary>Why a name is nothing that a container can ask for.</summary>
    public static IEnumerable<string> ContainerComplaints(string name)
    {
        foreach (var complaint in Complaints(name))
        {
            yield return complaint;
        }

        if (IsPlain(name) && !IsStandardForContainers(name))
        {
            yield return "must be a standard resource for containers";
        }
        else if (!IsPlain(name) && !IsNative(name) && !IsExtended(name))
        {
            yield return "doesn't follow extended resource name standard";
        }
    }

    /// <summary>Without a domain.</summary>
    public static bool IsPlain(string name) => !name.Contains('/', StringComparison.Ordinal);

    public static bool IsOvercommitAllowed(string name) => IsNative(name) && !IsHugePages(name);

    /// <summary>A vendor's resource, such as a device.</summary>
    public static bool IsExtended(string name) =>
        !IsNative(name) && !name.StartsWith("requests.", StringComparison.Ordinal)
        && Kernel.NameRules.IsQualifiedName("requests." + name);

    /// <summary>What a class of devices offers by its own name.</summary>
    public static bool IsDeviceClass(string name) => name.StartsWith(DeviceClassPrefix, StringComparison.Ordinal);

    public static bool IsInteger(string name) => IntegerNames.Contains(name) || IsExtended(name);

    /// <summary>True for resources that a pod may ask for as a whole.</summary>
    public static bool IsSupportedAtPodLevel(string name) => name is Cpu or Memory || IsHugePages(name);

    private static bool IsQuotaHugePages(string name) =>
        IsHugePages(name) || name.StartsWith("requests.hugepages-", StringComparison.Ordinal);
}
