using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.PodRecords;
using ResourceNames = OrleansOrchestrator.Resources.Core.Pods.ResourceNames;

namespace OrleansOrchestrator.NodeAgent.HugePages;

/// <summary>What pods and containers may have of huge pages, as their cgroups are told. Pure.</summary>
public static class HugePageLimits
{
    /// <summary>
    /// Of each size that the machine has: what the container limits itself to, else its pod; nothing of a size that
    /// neither names, as upstream's runtime manager has it.
    /// </summary>
    public static IEnumerable<HugepageLimit> OfContainer(
        V1Pod pod, V1Container container, IEnumerable<HugePageSize> sizes) => sizes.Select(size => new HugepageLimit
        {
            PageSize = size.CgroupName,
            Limit = (ulong)PodResources.Bytes(
                container.Resources?.Limits?.ContainsKey(size.Resource) == true
                    ? container.Resources.Limits
                    : pod.Spec.Resources?.Limits,
                size.Resource),
        });

    /// <summary>
    /// What the pod's own group may have, in bytes by the cgroups' names of sizes: what the pod requests. Resources of
    /// one size in other words (<c>hugepages-2Mi</c>, <c>hugepages-2048Ki</c>) are one sum.
    /// </summary>
    public static IReadOnlyDictionary<string, long> OfPod(V1Pod pod)
    {
        var limits = new Dictionary<string, long>(StringComparer.Ordinal);
        var requests = PodResources.Requests(pod);
        foreach (var name in requests.Keys.Where(ResourceNames.IsHugePages))
        {
            var size = HugePageSize.CgroupNameOf((long)PageBytes(name));
            limits[size] = limits.GetValueOrDefault(size) + PodResources.Bytes(requests, name);
        }

        return limits;
    }

    /// <summary>The size of the pages that a resource is.</summary>
    public static decimal PageBytes(string resource) =>
        new ResourceQuantity(resource[ResourceNames.HugePagesPrefix.Length..]).ToDecimal();
}
