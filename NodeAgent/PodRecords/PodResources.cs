using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri.V1;

namespace OrleansOrchestrator.NodeAgent.PodRecords;

/// <summary>Requests and limits in the kernel's units, QoS class and OOM scores. Pure.</summary>
public static class PodResources
{
    public const string Guaranteed = "Guaranteed";
    public const string Burstable = "Burstable";
    public const string BestEffort = "BestEffort";

    public const string Cpu = "cpu";
    public const string Memory = "memory";

    /// <summary>What can change while a pod runs.</summary>
    public static readonly IReadOnlyList<string> Resizable = [Cpu, Memory];

    /// <summary>The kernel gives nobody less; a request below it is as good as this.</summary>
    public const long MinShares = 2;

    /// <summary>Limits below it are as good as this.</summary>
    public const long MinMilliCpuLimit = 10;

    private static readonly Dictionary<string, ResourceQuantity> Nothing = [];

    private const long MaxShares = 262144;
    private const long SharesPerCpu = 1024;
    private const long MilliCpuPerCpu = 1000;
    private const long QuotaPeriodMicroseconds = 100_000;
    private const long MinQuotaMicroseconds = 1000;

    public static long Shares(long milliCpu) =>
        milliCpu == 0 ? MinShares : Math.Clamp(milliCpu * SharesPerCpu / MilliCpuPerCpu, MinShares, MaxShares);

    /// <summary>CFS quota for a limit; 0 means none.</summary>
    public static long Quota(long milliCpu) =>
        milliCpu == 0 ? 0 : Math.Max(milliCpu * QuotaPeriodMicroseconds / MilliCpuPerCpu, MinQuotaMicroseconds);

    public static long MilliCpu(IDictionary<string, ResourceQuantity>? amounts) =>
        amounts is not null && amounts.TryGetValue(Cpu, out var q)
            ? (long)decimal.Ceiling(q.ToDecimal() * MilliCpuPerCpu)
            : 0;

    public static long Bytes(IDictionary<string, ResourceQuantity>? amounts, string resource = Memory) =>
        amounts is not null && amounts.TryGetValue(resource, out var q) ? (long)decimal.Ceiling(q.ToDecimal()) : 0;

    public static string Qos(V1Pod pod) => pod.Status?.QosClass is { Length: > 0 } known ? known : ComputeQos(pod);

    /// <summary>True when the pod as a whole asks for CPU, memory or huge pages, whatever its containers do.</summary>
    public static bool HasPodLevel(V1Pod pod) =>
        Names(pod.Spec.Resources?.Requests).Concat(Names(pod.Spec.Resources?.Limits)).Any();

    /// <summary>What a container is held to: its own amounts, and the pod's limits where it has none itself.</summary>
    public static V1ResourceRequirements Effective(V1Pod pod, V1Container container)
    {
        var limits = new Dictionary<string, ResourceQuantity>(container.Resources?.Limits ?? Nothing);
        foreach (var resource in Resizable.Where(r => Of(limits, r) == 0 && Of(pod.Spec.Resources?.Limits, r) > 0))
        {
            limits[resource] = pod.Spec.Resources!.Limits[resource];
        }

        return new V1ResourceRequirements
        {
            Requests = container.Resources?.Requests,
            Limits = limits.Count > 0 ? limits : null,
        };
    }

    /// <summary>What a container without limits may come to: all of the node, or what its pod is held to.</summary>
    public static IDictionary<string,
    ResourceQuantity> Ceiling(V1Pod pod, IDictionary<string, ResourceQuantity> allocatable)
    {
        var ceiling = new Dictionary<string, ResourceQuantity>(allocatable);
        foreach (var resource in Resizable.Where(r => Of(pod.Spec.Resources?.Limits, r) > 0))
        {
            ceiling[resource] = pod.Spec.Resources!.Limits[resource];
        }

        return ceiling;
    }

    public static LinuxContainerResources ForContainer(V1Pod pod, V1Container container, long nodeMemoryBytes)
    {
        var amounts = Effective(pod, container);
        var cpuRequest = amounts.Requests?.ContainsKey(Cpu) == true
            ? MilliCpu(amounts.Requests) : MilliCpu(amounts.Limits);
        return new LinuxContainerResources
        {
            CpuShares = Shares(cpuRequest),
            CpuQuota = Quota(MilliCpu(amounts.Limits)),
            CpuPeriod = QuotaPeriodMicroseconds,
            MemoryLimitInBytes = Bytes(amounts.Limits),
            OomScoreAdj = OomScores.Of(pod, container, nodeMemoryBytes),
        };
    }

    /// <summary>
    /// Limits of the pod's own cgroup: its own, else the sum of its containers', or none where one container has none.
    /// </summary>
    public static LinuxContainerResources ForPod(V1Pod pod)
    {
        var limits = Limits(pod);
        return new LinuxContainerResources
        {
            CpuShares = Shares(Requested(pod, Cpu)),
            CpuQuota = Quota(MilliCpu(limits)),
            CpuPeriod = QuotaPeriodMicroseconds,
            MemoryLimitInBytes = Bytes(limits),
        };
    }

    /// <summary>What the pod is held to: of CPU and memory only what it or every container of it limits.</summary>
    public static Dictionary<string, ResourceQuantity> Limits(V1Pod pod)
    {
        var limits = Aggregate(pod, r => r?.Limits);
        var containers = pod.Inits().Concat(pod.Spec.Containers).ToList();
        foreach (var resource in Resizable.Where(
            r => Of(pod.Spec.Resources?.Limits, r) == 0 && containers.Any(c => Of(c.Resources?.Limits, r) == 0)))
        {
            limits.Remove(resource);
        }

        return limits;
    }

    /// <summary>What the pod counts for on the node, by resource.</summary>
    public static Dictionary<string, ResourceQuantity> Requests(V1Pod pod) => Aggregate(pod, r => r?.Requests);

    public static long Requested(V1Pod pod, string resource) =>
        Total(pod, resource, c => Of(c.Resources?.Requests, resource), Of(pod.Spec.Resources?.Requests, resource));

    /// <summary>
    /// What the pod occupies of the node: while its containers have more than they are to have, that counts.
    /// </summary>
    public static long Occupied(V1Pod pod, string resource)
    {
        var statuses = (pod.Status?.ContainerStatuses ?? []).Concat(pod.Status?.InitContainerStatuses ?? []).ToList();
        return Total(
            pod,
            resource,
            c => Math.Max(
                Of(c.Resources?.Requests, resource),
                Of(statuses.FirstOrDefault(s => s.Name == c.Name)?.Resources?.Requests, resource)),
            Of(pod.Spec.Resources?.Requests, resource) is var own and > 0
                ? Math.Max(own, Of(pod.Status?.Resources?.Requests, resource))
                : 0);
    }

    public static long Of(IDictionary<string, ResourceQuantity>? amounts, string resource) =>
        resource == Cpu ? MilliCpu(amounts) : Bytes(amounts, resource);

    /// <summary>
    /// Containers and sidecars together, or what an init container needs beside the sidecars started before it,
    /// whichever is more; the pod's own amount, if it has one, stands for all that.
    /// </summary>
    private static long Total(V1Pod pod, string resource, Func<V1Container, long> amount, long podLevel)
    {
        var (sidecars, peak) = (0L, 0L);
        foreach (var container in pod.Inits())
        {
            peak = Math.Max(peak, sidecars + amount(container));
            sidecars += container.IsSidecar() ? amount(container) : 0;
        }

        var total = podLevel > 0 ? podLevel : Math.Max(peak, sidecars + pod.Spec.Containers.Sum(amount));
        return total + Of(pod.Spec.Overhead, resource);
    }

    private static Dictionary<string, ResourceQuantity> Aggregate(
        V1Pod pod, Func<V1ResourceRequirements?, IDictionary<string, ResourceQuantity>?> select)
    {
        var all = pod.Inits().Concat(pod.Spec.Containers).Select(c => c.Resources).Append(pod.Spec.Resources)
            .Select(select).ToList();
        return all.SelectMany(Names).Distinct().ToDictionary(name => name, name =>
        {
            var known = all.OfType<IDictionary<string, ResourceQuantity>>().Last(a => a.ContainsKey(name))[name];
            var total = Total(pod, name, c => Of(select(c.Resources), name), Of(select(pod.Spec.Resources), name));
            return Of(new Dictionary<string, ResourceQuantity> { [name] = known }, name) == total
                ? known : Quantity(name, total, known);
        });
    }

    /// <summary>An amount in the unit of <see cref="Of"/>, written as people wrote its like.</summary>
    public static ResourceQuantity Quantity(string resource, long amount, ResourceQuantity like) => resource == Cpu
        ? new ResourceQuantity(amount, -3, ResourceQuantity.SuffixFormat.DecimalSI)
        : new ResourceQuantity(amount, 0, like.Format);

    private static IEnumerable<string> Names(IDictionary<string, ResourceQuantity>? amounts) =>
        amounts is null ? [] : amounts.Where(a => a.Value.ToDecimal() > 0).Select(a => a.Key);

    private static string ComputeQos(V1Pod pod)
    {
        List<V1ResourceRequirements?> parts = HasPodLevel(pod)
            ? [pod.Spec.Resources]
            : [.. pod.Inits().Concat(pod.Spec.Containers).Select(c => c.Resources)];
        if (parts.All(p => IsEmpty(p?.Requests) && IsEmpty(p?.Limits)))
        {
            return BestEffort;
        }

        return parts.All(IsGuaranteed) ? Guaranteed : Burstable;
    }

    private static bool IsGuaranteed(V1ResourceRequirements? part) => Resizable.All(resource =>
        Of(part?.Limits, resource) is var limit and > 0
        && (part!.Requests?.ContainsKey(resource) != true || Of(part.Requests, resource) == limit));

    private static bool IsEmpty(IDictionary<string, ResourceQuantity>? amounts) =>
        !Names(amounts).Any(name => name is Cpu or Memory);
}
