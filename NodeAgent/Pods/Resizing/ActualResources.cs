using k8s.Models;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Pods.Resizing;

/// <summary>
/// What statuses say about resources: what the kernel holds containers and pods to. It keeps other units than people
/// write and rounds to them: where the given amount is what the kernel has, the status repeats it as it was written.
/// What the kernel does not know (requested memory) is what was told last. Pure.
/// </summary>
public static class ActualResources
{
    private const long MilliPerUnit = 1000;
    private const long SharesPerCpu = 1024;

    /// <summary>Of a running container; without limits from the kernel it has what it was given.</summary>
    public static V1ResourceRequirements Of(V1Container container, CgroupLimits? actual, V1ResourceRequirements? told)
    {
        var given = container.Resources ?? new V1ResourceRequirements();
        return actual is null ? given : new V1ResourceRequirements
        {
            Claims = given.Claims,
            Limits = given.Limits is null ? null : Limits(given.Limits, actual),
            Requests = given.Requests is null ? null : Requests(given.Requests, actual, told),
        };
    }

    /// <summary>Of a pod that has a group: what it was given, and what it has.</summary>
    public static void SetPod(V1PodStatus status, V1Pod pod, CgroupLimits actual, V1ResourceRequirements? told)
    {
        var (requests, limits) = (PodResources.Requests(pod), PodResources.Limits(pod));
        status.AllocatedResources = requests.Count > 0 ? requests : null;
        (requests, limits) = (Requests(requests, actual, told), Limits(limits, actual));
        status.Resources = requests.Count + limits.Count == 0 ? null : new V1ResourceRequirements
        {
            Requests = requests.Count > 0 ? requests : null,
            Limits = limits.Count > 0 ? limits : null,
        };
    }

    private static Dictionary<string,
    ResourceQuantity> Limits(IDictionary<string, ResourceQuantity> given, CgroupLimits actual)
    {
        var limits = new Dictionary<string, ResourceQuantity>(given);
        var wanted = PodResources.MilliCpu(given);
        if (actual.CpuQuotaMicroseconds is not { } quota)
        {
            limits.Remove(PodResources.Cpu);
        }
        else if (quota != PodResources.Quota(wanted))
        {
            var milli = quota * MilliPerUnit / actual.CpuPeriodMicroseconds;
            Set(limits, PodResources.Cpu, milli, unless: Math.Max(milli, wanted) <= PodResources.MinMilliCpuLimit);
        }

        if (actual.MemoryBytes is not { } bytes)
        {
            limits.Remove(PodResources.Memory);
        }
        else if (bytes != WholePages(PodResources.Bytes(given)))
        {
            Set(limits, PodResources.Memory, bytes, unless: false);
        }

        return limits;
    }

    private static Dictionary<string, ResourceQuantity> Requests(
        IDictionary<string, ResourceQuantity> given, CgroupLimits actual, V1ResourceRequirements? told)
    {
        var requests = new Dictionary<string, ResourceQuantity>(given);
        var wanted = PodResources.MilliCpu(given);
        if (!actual.HoldsShares(PodResources.Shares(wanted)))
        {
            var milli = (long)decimal.Ceiling((decimal)actual.CpuShares * MilliPerUnit / SharesPerCpu);
            Set(requests, PodResources.Cpu, milli, unless: Math.Max(milli, wanted) <= PodResources.MinShares);
        }

        if (requests.ContainsKey(PodResources.Memory)
            && told?.Requests?.TryGetValue(PodResources.Memory, out var memory) == true)
        {
            requests[PodResources.Memory] = memory;
        }

        return requests;
    }

    private static void Set(Dictionary<string, ResourceQuantity> amounts, string resource, long amount, bool unless)
    {
        if (!unless)
        {
            amounts[resource] = resource == PodResources.Cpu
                ? new ResourceQuantity(amount, -3, ResourceQuantity.SuffixFormat.DecimalSI)
                : new ResourceQuantity(amount, 0, ResourceQuantity.SuffixFormat.BinarySI);
        }
    }

    private static long WholePages(long bytes) => bytes / Environment.SystemPageSize * Environment.SystemPageSize;
}
