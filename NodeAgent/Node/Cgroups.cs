using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cpus;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.HugePages;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>
/// The cgroups above containers: root, QoS classes, pods. Below the root, <c>podUID</c> for guaranteed pods,
/// <c>burstable/podUID</c> and <c>besteffort/podUID</c> for the others. The containers' own groups are the runtime's,
/// and lie in their pod's by the container's id.
/// </summary>
public sealed class Cgroups(NodeAgentOptions options, ICgroupHierarchy hierarchy, CpuManager cpus)
{
    private const long MilliPerCpu = 1000;

    private readonly string _root = "/" + options.CgroupRoot.Trim('/');

    /// <summary>All pods together.</summary>
    public string Root => _root;

    /// <summary>Where groups of pods lie.</summary>
    public IReadOnlyList<string> Parents => [_root, $"{_root}/burstable", $"{_root}/besteffort"];

    /// <summary>True where the kernel can kill a container as a whole when it is out of memory.</summary>
    public bool CanKillAsGroup => IsUnified;

    /// <summary>True for cgroups of version 2.</summary>
    public bool IsUnified => hierarchy.IsUnified;

    /// <summary>The kernel can limit what pods swap.</summary>
    public bool LimitsSwap => hierarchy.LimitsSwap(_root);

    /// <summary>The cgroup that the pod's sandbox and containers get as their parent.</summary>
    public string PodPath(V1Pod pod) => PodResources.Qos(pod) switch
    {
        PodResources.Burstable => $"{_root}/burstable/pod{pod.Metadata.Uid}",
        PodResources.BestEffort => $"{_root}/besteffort/pod{pod.Metadata.Uid}",
        _ => $"{_root}/pod{pod.Metadata.Uid}",
    };

    /// <summary>
    /// Makes the root and the class groups. Best effort gets the least share of CPU; all pods together compete with the
    /// system by what of the CPUs is not kept for that.
    /// </summary>
    public void Prepare()
    {
        hierarchy.Create($"{_root}/burstable");
        hierarchy.Create($"{_root}/besteffort");
        hierarchy.SetCpuShares($"{_root}/besteffort", PodResources.Shares(0));
        hierarchy.SetCpuShares(_root, PodResources.Shares(
            Math.Max(0, (Environment.ProcessorCount * MilliPerCpu) - options.SystemReservedMilliCpu)));
    }

    /// <summary>
    /// Holds all pods together to what is not reserved for the system. Throws <see cref="IOException"/> when the kernel
    /// refuses, as it may while pods have more than that.
    /// </summary>
    public void Enforce()
    {
        hierarchy.SetHugePageLimits(
            _root, HugePageSize.Read().ToDictionary(static s => s.CgroupName, static s => s.Bytes));
        if (options.SystemReservedMemoryBytes > 0)
        {
            hierarchy.SetMemoryLimit(
                _root, Math.Max(0, NodeFacts.MemoryInfo("MemTotal") - options.SystemReservedMemoryBytes));
        }
    }

    /// <summary>The burstable class competes with guaranteed pods by the sum of its requests.</summary>
    public void SetBurstableShares(long milliCpu) =>
        hierarchy.SetCpuShares($"{_root}/burstable", PodResources.Shares(milliCpu));

    public void CreatePod(V1Pod pod)
    {
        hierarchy.Create(PodPath(pod));
        hierarchy.SetHugePageLimits(PodPath(pod), HugePageLimits.OfPod(pod));
        Set(pod, PodResources.ForPod(pod));
        if (options.Resources.PodPidsLimit > 0)
        {
            hierarchy.SetProcessLimit(PodPath(pod), options.Resources.PodPidsLimit);
        }
    }

    /// <summary>
    /// Writes amounts of the pod's group; zeros leave as it is what is there. Who has CPUs to itself is held to these
    /// alone: a quota would only interrupt it.
    /// </summary>
    public void Set(V1Pod pod, LinuxContainerResources amounts)
    {
        var path = PodPath(pod);
        if (amounts.CpuShares > 0)
        {
            hierarchy.SetCpuShares(path, amounts.CpuShares);
        }

        if (amounts.CpuQuota > 0 && !cpus.HasExclusive(pod))
        {
            hierarchy.SetCpuQuota(path, amounts.CpuQuota, amounts.CpuPeriod);
        }

        if (amounts.MemoryLimitInBytes > 0)
        {
            hierarchy.SetMemoryLimit(path, amounts.MemoryLimitInBytes);
        }
    }

    /// <summary>
    /// What the pod is held to, by its group or by the number of its CPUs; null when it has no group.
    /// </summary>
    public CgroupLimits? Limits(V1Pod pod)
    {
        var limits = hierarchy.Limits(PodPath(pod));
        return cpus.HasExclusive(pod) ? limits?.WithQuota(PodResources.ForPod(pod)) : limits;
    }

    /// <summary>What a container is held to; null when its group is not where ours would be.</summary>
    public CgroupLimits? Limits(V1Pod pod, string containerId) => hierarchy.Limits($"{PodPath(pod)}/{containerId}");

    /// <summary>
    /// What is left of the memory that all pods may have together; null where they may have all that there is.
    /// </summary>
    public Observation? MemoryLeft() =>
        hierarchy.Usage(_root) is { MemoryLimitBytes: { } limit, WorkingSetBytes: { } used }
            ? new Observation((long)limit - (long)used, (long)limit)
            : null;

    /// <summary>What all of the pod uses; null when it has no group.</summary>
    public CgroupUsage? Usage(V1Pod pod) => hierarchy.Usage(PodPath(pod));

    public CgroupUsage? Usage(V1Pod pod, string containerId) => hierarchy.Usage($"{PodPath(pod)}/{containerId}");

    /// <summary>Removes the pod's group; false while something is left in it.</summary>
    public bool RemovePod(string uid)
    {
        var removed = true;
        foreach (var parent in Parents)
        {
            removed &= hierarchy.Remove($"{parent}/pod{uid}");
        }

        return removed;
    }
}
