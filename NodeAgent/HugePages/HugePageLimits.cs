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
    /// What the pod's own group may have, in bytes by the cgroups' names of sizes: what the pod requests.
    /// </summary>
    public static IReadOnlyDictionary<string, long> OfPod(V1Pod pod) => PodResources.Requests(pod).Keys
        .Where(ResourceNames.IsHugePages)
        .ToDictionary(
            static name => HugePageSize.CgroupNameOf((long)PageBytes(name)),
            name => PodResources.Requested(pod, name),
            StringComparer.Ordinal);

    /// <summary>The size of the pages that a resource is.</summary>
    public static decimal PageBytes(string resource) =>
        new ResourceQuantity(resource[ResourceNames.HugePagesPrefix.Length..]).ToDecimal();
}
