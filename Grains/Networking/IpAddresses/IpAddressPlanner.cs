using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Networking.IpAddresses;

/// <summary>What to do about the IPAddress object of one address.</summary>
public enum IpAddressStep
{
    None,

    Create,

    /// <summary>Nobody has the address any more, or not who the object says.</summary>
    Delete,

    /// <summary>It says something else than the Service that has the address.</summary>
    Replace,
}

/// <summary>What is found of one address.</summary>
/// <param name="Address">The address.</param>
/// <param name="Holder">The Service that has it; null when none has.</param>
/// <param name="Item">The object; null when there is none.</param>
public sealed record IpAddressObserved(string Address, ObjectKey? Holder, V1IPAddress? Item)
{
    /// <summary>A Service had it until now.</summary>
    public bool IsReleased { get; init; }

    /// <summary>The Service that the object names is there.</summary>
    public bool HasParent { get; init; }

    /// <summary>The Service that has it, itself.</summary>
    public V1Service? Service { get; init; }

    /// <summary>Somebody took the object away that the Service had.</summary>
    public bool IsLost { get; init; }
}

/// <summary>
/// The IPAddress objects behind the cluster addresses of Services (upstream's
/// <c>registry/core/service/ipallocator</c>). Here Services say who has what; the objects repeat it.
/// </summary>
public static class IpAddressPlanner
{
    public const string FamilyLabel = "ipaddress.kubernetes.io/ip-family";
    public const string ManagedByLabel = "ipaddress.kubernetes.io/managed-by";
    public const string Manager = "ipallocator.k8s.io";

    /// <summary>
    /// So long an object may wait for its Service: upstream's is made before the Service is, by a request that may take
    /// as long.
    /// </summary>
    public static readonly TimeSpan OrphanGrace = TimeSpan.FromSeconds(60);

    private const string Services = "services";
    private const string NotAllocated = "IPAddressNotAllocated";
    private const string WrongReference = "IPAddressWrongReference";
    private const string ServiceNotAllocated = "ClusterIPNotAllocated";

    /// <summary>The least that timers tell apart.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);

    /// <summary>True for an object that repeats what a Service says.</summary>
    public static bool IsManaged(V1IPAddress item) => item.GetLabel(ManagedByLabel) == Manager;

    /// <summary>The cluster addresses of a Service.</summary>
    public static IEnumerable<string> AddressesOf(V1Service service) =>
        (service.Spec?.ClusterIPs ?? []).Where(static ip => ip.Length > 0 && ip != "None");

    /// <summary>The next step, and what it tells people.</summary>
    public static (IpAddressStep Step, string Reason, string Message) Compute(
        IpAddressObserved observed, DateTimeOffset now)
    {
        var (address, holder, item) = observed;
        if (item is null)
        {
            return holder is null ? (IpAddressStep.None, "", "")
                : !observed.IsLost ? (IpAddressStep.Create, "", "")
                : (
                    IpAddressStep.Create,
                    ServiceNotAllocated,
                    $"Cluster IP [{FamilyOf(address)}]: {address} is not allocated; repairing");
        }

        if (!IsManaged(item))
        {
            return (IpAddressStep.None, "", "");
        }

        var parent = item.Spec?.ParentRef;
        if (!string.IsNullOrEmpty(parent?.Group) || parent?.Resource != Services)
        {
            return (
                holder is null ? IpAddressStep.Delete : IpAddressStep.Replace,
                NotAllocated,
                $"IPAddress {address} appears to have been modified, not referencing a Service {Show(parent)}: "
                    + "cleaning up");
        }

        var named = ParentOf(item);
        return holder is null ? Unheld(observed, named, now)
            : named != holder ? (
                IpAddressStep.Replace,
                WrongReference,
                $"IPAddress: {address} for Service {named} has a wrong reference; cleaning up")
            : item.GetLabel(FamilyLabel) != FamilyOf(address) ? (IpAddressStep.Replace, "", "")
            : (IpAddressStep.None, "", "");
    }

    /// <summary>The Service that an object names.</summary>
    public static ObjectKey ParentOf(V1IPAddress item) =>
        new(item.Spec?.ParentRef?.NamespaceProperty ?? "", item.Spec?.ParentRef?.Name ?? "");

    private static (IpAddressStep Step, string Reason, string Message) Unheld(
        IpAddressObserved observed, ObjectKey named, DateTimeOffset now) =>
        observed.IsReleased ? (IpAddressStep.Delete, "", "")
            : observed.HasParent ? (
                IpAddressStep.Delete,
                WrongReference,
                $"IPAddress: {observed.Address} for Service {named} has a wrong reference; cleaning up")
            : Left(observed, now) is not null ? (IpAddressStep.None, "", "")
            : (
                IpAddressStep.Delete,
                NotAllocated,
                $"IPAddress: {observed.Address} for Service {named} appears to have leaked: cleaning up");

    /// <summary>
    /// How long an object of which nobody has the address may still wait for its Service; after that it has waited for
    /// too long. Null for one that does not wait.
    /// </summary>
    public static TimeSpan? Left(IpAddressObserved observed, DateTimeOffset now)
    {
        if (observed is not { Holder: null, IsReleased: false, HasParent: false, Item: { } item }
            || !IsManaged(item) || item.Metadata.CreationTimestamp is not { } since)
        {
            return null;
        }

        var left = since + OrphanGrace - now.UtcDateTime;
        return left < TimeSpan.Zero ? null : left + Moment;
    }

    /// <summary>The object of an address.</summary>
    public static V1IPAddress New(string address, ObjectKey holder) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = address,
            Labels = new Dictionary<string, string>
            {
                [FamilyLabel] = FamilyOf(address), [ManagedByLabel] = Manager,
            },
        },
        Spec = new V1IPAddressSpec
        {
            ParentRef = new V1ParentReference
            {
                Resource = Services, NamespaceProperty = holder.Namespace, Name = holder.Name,
            },
        },
    };

    /// <summary>As upstream's log and events show it.</summary>
    private static string Show(V1ParentReference? parent) => parent is null
        ? "nil"
        : $"&ParentReference{{Group:{parent.Group},Resource:{parent.Resource},"
            + $"Namespace:{parent.NamespaceProperty},Name:{parent.Name},}}";

    private static string FamilyOf(string address) => NetworkRules.IsIPv6(address) ? "IPv6" : "IPv4";
}
