using System.Net;
using System.Net.Sockets;
using k8s.Models;

namespace OrleansOrchestrator.Grains.Cloud.Nodes;

/// <summary>The decisions about nodes of a cloud, as upstream's cloud-node controllers make them. Pure.</summary>
public static class CloudNodePlanner
{
    /// <summary>On a node from its registration until the cloud's facts are on it.</summary>
    public const string UninitializedTaint = "node.cloudprovider.kubernetes.io/uninitialized";

    /// <summary>On a node whose machine is off.</summary>
    public const string ShutdownTaint = "node.cloudprovider.kubernetes.io/shutdown";

    /// <summary>The addresses that the kubelet was told are its own, with commas between.</summary>
    public const string ProvidedAddressAnnotation = "alpha.kubernetes.io/provided-node-ip";

    /// <summary>The older label of each meaning, which decides, and the newer one, which follows it.</summary>
    private static readonly (string Older, string Newer)[] Twins =
    [
        ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
        ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
        ("beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type"),
    ];

    public static bool IsUninitialized(V1Node node) =>
        node.Spec?.Taints?.Any(t => t.Key == UninitializedTaint) == true;

    /// <summary>
    /// Puts the cloud's facts on a node and takes the taint off, unless the kubelet was told an address that the cloud
    /// does not know: then says so.
    /// </summary>
    public static string? Initialize(V1Node node, CloudInstance instance)
    {
        if (Addresses(node, instance) is null)
        {
            return "failed to get node modifiers from cloud provider: provided node ip for node "
                + $"\"{node.Metadata.Name}\" is not valid: failed to get node address from cloud provider that matches ip: {Provided(node)}";
        }

        node.Spec ??= new V1NodeSpec();
        if (string.IsNullOrEmpty(node.Spec.ProviderID) && instance.ProviderId.Length > 0)
        {
            node.Spec.ProviderID = instance.ProviderId;
        }

        node.Metadata.Labels ??= new Dictionary<string, string>();
        foreach (var (label, value) in Labels(instance))
        {
            node.Metadata.Labels[label] = value;
        }

        foreach (var (label, value) in instance.AdditionalLabels)
        {
            node.Metadata.Labels.TryAdd(label, value);
        }

        node.Spec.Taints = [.. (node.Spec.Taints ?? []).Where(t => t.Key != UninitializedTaint)];
        return null;
    }

    /// <summary>Brings older and newer labels of one meaning together; false when they are.</summary>
    public static bool ReconcileLabels(V1Node node)
    {
        var isChanged = false;
        var labels = node.Metadata.Labels ?? new Dictionary<string, string>();
        foreach (var (older, newer) in Twins)
        {
            if (labels.TryGetValue(older, out var wanted)
                && !(labels.TryGetValue(newer, out var value) && value == wanted))
            {
                labels[newer] = wanted;
                isChanged = true;
            }
        }

        return isChanged;
    }

    /// <summary>
    /// The node's addresses as the cloud has them, those that the kubelet was told first; null when the cloud does not
    /// know one of those.
    /// </summary>
    public static IReadOnlyList<V1NodeAddress>? Addresses(V1Node node, CloudInstance instance)
    {
        List<V1NodeAddress> all = [.. instance.Addresses];
        if (!all.Exists(a => a.Type == "Hostname"))
        {
            all.AddRange((node.Status?.Addresses ?? []).Where(a => a.Type == "Hostname"));
        }

        foreach (var text in Provided(node).Split(',', StringSplitOptions.RemoveEmptyEntries).Reverse())
        {
            if (!IPAddress.TryParse(text, out var wanted) || Prefer(all, wanted) is not { } sorted)
            {
                return null;
            }

            all = sorted;
        }

        return all;
    }

    /// <summary>True when a node has other addresses than these, in any order but that of one type.</summary>
    public static bool Differ(IEnumerable<V1NodeAddress>? one, IEnumerable<V1NodeAddress> other) =>
        !Sorted(one ?? []).SequenceEqual(Sorted(other));

    private static IEnumerable<(string, string)> Sorted(IEnumerable<V1NodeAddress> addresses) =>
        addresses.Select(a => (a.Type, a.Address)).OrderBy(a => a.Type, StringComparer.Ordinal);

    /// <summary>
    /// Of each type that has the address, that one alone of its family, and first; what is of other types stays.
    /// </summary>
    private static List<V1NodeAddress>? Prefer(List<V1NodeAddress> all, IPAddress wanted)
    {
        if (wanted.Equals(IPAddress.Any) || wanted.Equals(IPAddress.IPv6Any))
        {
            return [.. all.OrderByDescending(a => Family(a) == wanted.AddressFamily)];
        }

        var chosen = all.Where(a => wanted.Equals(Parse(a))).ToList();
        var types = chosen.Select(a => a.Type).ToHashSet(StringComparer.Ordinal);
        return chosen.Count == 0 ? null
            : [.. chosen, .. all.Where(a => !chosen.Contains(a)
                && (!types.Contains(a.Type) || Family(a) != wanted.AddressFamily))];
    }

    private static IPAddress? Parse(V1NodeAddress address) =>
        IPAddress.TryParse(address.Address, out var parsed) ? parsed : null;

    private static AddressFamily? Family(V1NodeAddress address) => Parse(address)?.AddressFamily;

    private static string Provided(V1Node node) => node.GetAnnotation(ProvidedAddressAnnotation) ?? "";

    private static IEnumerable<(string, string)> Labels(CloudInstance instance) =>
        new (string Label, string Value)[]
        {
            ("beta.kubernetes.io/instance-type", instance.InstanceType),
            ("node.kubernetes.io/instance-type", instance.InstanceType),
            ("failure-domain.beta.kubernetes.io/zone", instance.Zone),
            ("topology.kubernetes.io/zone", instance.Zone),
            ("failure-domain.beta.kubernetes.io/region", instance.Region),
            ("topology.kubernetes.io/region", instance.Region),
        }.Where(l => l.Value.Length > 0);
}
