using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri.V1;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>Requests and limits in the kernel's units, QoS class and OOM scores. Pure.</summary>
public static class PodResources
{
    public const string Guaranteed = "Guaranteed";
    public const string Burstable = "Burstable";
    public const string BestEffort = "BestEffort";

    private const long MinShares = 2;
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
        amounts is not null && amounts.TryGetValue("cpu", out var q)
            ? (long)decimal.Ceiling(q.ToDecimal() * MilliCpuPerCpu)
            : 0;

    public static long Bytes(IDictionary<string, ResourceQuantity>? amounts, string resource = "memory") =>
        amounts is not null && amounts.TryGetValue(resource, out var q) ? (long)decimal.Ceiling(q.ToDecimal()) : 0;

    public static string Qos(V1Pod pod) => pod.Status?.QosClass is { Length: > 0 } known ? known : ComputeQos(pod);

    public static LinuxContainerResources ForContainer(V1Pod pod, V1Container container, long nodeMemoryBytes)
    {
        var limits = container.Resources?.Limits;
        var requests = container.Resources?.Requests;
        var cpuRequest = requests?.ContainsKey("cpu") == true ? MilliCpu(requests) : MilliCpu(limits);
        return new LinuxContainerResources
        {
            CpuShares = Shares(cpuRequest),
            CpuQuota = Quota(MilliCpu(limits)),
            CpuPeriod = QuotaPeriodMicroseconds,
            MemoryLimitInBytes = Bytes(limits),
            MemorySwapLimitInBytes = Bytes(limits),
            OomScoreAdj = OomScore(pod, Bytes(requests), nodeMemoryBytes),
        };
    }

    /// <summary>
    /// Limits of the pod's own cgroup: the sum of its containers', or none where one container has none.
    /// </summary>
    public static LinuxContainerResources ForPod(V1Pod pod)
    {
        var containers = pod.Spec.Containers.Concat(pod.Sidecars()).ToList();
        var inits = pod.Inits().Where(c => !c.IsSidecar()).ToList();
        var cpuLimited = containers.All(c => MilliCpu(c.Resources?.Limits) > 0);
        var memoryLimited = containers.All(c => Bytes(c.Resources?.Limits) > 0);
        return new LinuxContainerResources
        {
            CpuShares = Shares(Sum(c => MilliCpu(c.Resources?.Requests))),
            CpuQuota = cpuLimited ? Quota(Sum(c => MilliCpu(c.Resources?.Limits))) : 0,
            CpuPeriod = QuotaPeriodMicroseconds,
            MemoryLimitInBytes = memoryLimited ? Sum(c => Bytes(c.Resources?.Limits)) : 0,
        };

        long Sum(Func<V1Container, long> amount) =>
            Math.Max(containers.Sum(amount), inits.Select(amount).DefaultIfEmpty().Max());
    }

    /// <summary>
    /// What the pod counts for on the node: containers and sidecars together, or its largest init container.
    /// </summary>
    public static long Requested(V1Pod pod, string resource)
    {
        var containers = pod.Spec.Containers.Concat(pod.Sidecars());
        var inits = pod.Inits().Where(c => !c.IsSidecar());
        return Math.Max(containers.Sum(Amount), inits.Select(Amount).DefaultIfEmpty().Max())
            + Of(pod.Spec.Overhead, resource);

        long Amount(V1Container c) => Of(c.Resources?.Requests, resource);
    }

    public static long Of(IDictionary<string, ResourceQuantity>? amounts, string resource) =>
        resource == "cpu" ? MilliCpu(amounts) : Bytes(amounts, resource);

    private static long OomScore(V1Pod pod, long memoryRequest, long nodeMemoryBytes)
    {
        const long guaranteed = -997;
        const long bestEffort = 1000;
        switch (Qos(pod))
        {
            case Guaranteed:
                return guaranteed;
            case BestEffort:
                return bestEffort;
        }

        var score = nodeMemoryBytes == 0 ? bestEffort : bestEffort - (bestEffort * memoryRequest / nodeMemoryBytes);
        return Math.Clamp(score, bestEffort + guaranteed, bestEffort - 1);
    }

    private static string ComputeQos(V1Pod pod)
    {
        var containers = pod.Inits().Concat(pod.Spec.Containers).ToList();
        if (containers.All(c => IsEmpty(c.Resources?.Requests) && IsEmpty(c.Resources?.Limits)))
        {
            return BestEffort;
        }

        return containers.All(IsGuaranteed) ? Guaranteed : Burstable;
    }

    private static bool IsGuaranteed(V1Container c) => new[] { "cpu", "memory" }.All(resource =>
        Of(c.Resources?.Limits, resource) is var limit and > 0
        && (c.Resources!.Requests?.ContainsKey(resource) != true || Of(c.Resources.Requests, resource) == limit));

    private static bool IsEmpty(IDictionary<string, ResourceQuantity>? amounts) =>
        amounts is null || !amounts.Any(a => a.Key is "cpu" or "memory" && a.Value.ToDecimal() > 0);
}
