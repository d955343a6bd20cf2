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

/// <summary>
/// The IPAddress objects behind the cluster addresses of Services (upstream's
/// <c>registry/core/service/ipallocator</c>). Here Services say who has what; the objects repeat it.
/// </summary>
public static class IpAddressPlanner
{
    public const string FamilyLabel = "ipaddress.kubernetes.io/ip-family";
    public const string ManagedByLabel = "ipaddress.kubernetes.io/managed-by";
    public const string Manager = "ipallocator.k8s.io";

    private const string Services = "services";

    /// <summary>True for an object that repeats what a Service says.</summary>
    public static bool IsManaged(V1IPAddress item) => item.GetLabel(ManagedByLabel) == Manager;

    /// <summary>The cluster addresses of a Service.</summary>
    public static IEnumerable<string> AddressesOf(V1Service service) =>
        (service.Spec?.ClusterIPs ?? []).Where(static ip => ip.Length > 0 && ip != "None");

    /// <summary>The next step, and what it tells people.</summary>
    /// <param name="address">The address.</param>
    /// <param name="holder">The Service that has it; null when none has.</param>
    /// <param name="item">The object; null when there is none.</param>
    public static (IpAddressStep Step, string Reason, string Message) Compute(
        string address, ObjectKey? holder, V1IPAddress? item)
    {
        if (item is null)
        {
            return (holder is null ? IpAddressStep.None : IpAddressStep.Create, "", "");
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
                "IPAddressNotAllocated",
                $"IPAddress {address} appears to have been modified, not referencing a Service: cleaning up");
        }

        var named = new ObjectKey(parent.NamespaceProperty ?? "", parent.Name ?? "");
        return holder is null ? (IpAddressStep.Delete, "", "")
            : named != holder ? (
                IpAddressStep.Replace,
                "IPAddressWrongReference",
                $"IPAddress: {address} for Service {named} has a wrong reference; cleaning up")
            : item.GetLabel(FamilyLabel) != FamilyOf(address) ? (IpAddressStep.Replace, "", "")
            : (IpAddressStep.None, "", "");
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

    private static string FamilyOf(string address) => NetworkRules.IsIPv6(address) ? "IPv6" : "IPv4";
}
