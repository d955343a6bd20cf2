using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Pods.Resizing;

/// <summary>One write: to a container, or to the pod's own group where none is named. Zeros leave as it is.</summary>
public sealed record ResizeStep(ContainerResize? Container, LinuxContainerResources Amounts);

/// <summary>
/// What has to change in a running pod. A group never holds more than the one above it: the pod grows before its
/// containers do and shrinks after them, and containers that shrink go first. Memory comes before CPU. Pure.
/// </summary>
public sealed record PodResize(IReadOnlyList<ContainerResize> Containers, bool PodToo)
{
    public static readonly PodResize None = new([], false);

    public bool IsEmpty => Containers.Count == 0 && !PodToo;

    /// <summary>
    /// The steps, in order, from what the pod's group has now to what the (allocated) pod is to have.
    /// </summary>
    public IReadOnlyList<ResizeStep> Steps(V1Pod pod, CgroupLimits current)
    {
        var wanted = PodResources.ForPod(pod);
        return [.. MemorySteps(pod, wanted, current), .. CpuSteps(pod, wanted, current)];
    }

    /// <summary>Why memory cannot be taken away now, or null. Usages are null where nothing is known.</summary>
    public string? Refuse(
        V1Pod pod, CgroupLimits current, ulong? podUsageBytes, Func<string, ulong?> containerUsageBytes)
    {
        var problems = new List<string>();
        var limit = PodResources.ForPod(pod).MemoryLimitInBytes;
        if (ChangesMemory && limit > 0 && limit < (current.MemoryBytes ?? long.MaxValue))
        {
            problems.AddRange(podUsageBytes is not { } used ? ["missing pod memory usage"]
                : used >= (ulong)limit
                    ? [$"attempting to set pod memory limit ({limit}) below current usage ({used})"] : []);
        }

        foreach (var resize in Containers.Where(c => c.TightensMemory))
        {
            var name = resize.Container.Name;
            problems.AddRange(
                containerUsageBytes(resize.Id) is not { } used ? [$"missing container \"{name}\" memory usage"]
                : used >= (ulong)resize.To.MemoryLimitBytes
                    ? [$"attempting to set container \"{name}\" memory limit ({resize.To.MemoryLimitBytes}) below current usage ({used})"]
                : []);
        }

        return GoErrors.Join(problems) is { } all ? $"cannot decrease memory limits: {all}" : null;
    }

    private bool ChangesMemory => PodToo || Containers.Any(c => c.ChangesMemory);

    private IEnumerable<ResizeStep> MemorySteps(V1Pod pod, LinuxContainerResources wanted, CgroupLimits current)
    {
        if (!ChangesMemory)
        {
            return [];
        }

        var containers = Containers.Where(c => c.ChangesMemory).OrderByDescending(c => c.LowersMemory)
            .Select(c => new ResizeStep(c, new LinuxContainerResources
            {
                MemoryLimitInBytes = c.To.MemoryLimitBytes,
            }));
        var own = new ResizeStep(null, new LinuxContainerResources { MemoryLimitInBytes = wanted.MemoryLimitInBytes });
        return Around(containers, [Change(own, wanted.MemoryLimitInBytes, current.MemoryBytes)]);
    }

    private IEnumerable<ResizeStep> CpuSteps(V1Pod pod, LinuxContainerResources wanted, CgroupLimits current)
    {
        if (!PodToo && !Containers.Any(c => c.ChangesCpu))
        {
            return [];
        }

        var containers = Containers.Where(c => c.ChangesCpu).OrderByDescending(c => c.LowersCpu).Select(c =>
        {
            var all = PodResources.ForContainer(pod, c.Container, 0);
            return new ResizeStep(c, new LinuxContainerResources
            {
                CpuShares = all.CpuShares, CpuQuota = all.CpuQuota, CpuPeriod = all.CpuPeriod,
            });
        });
        var limit = new ResizeStep(
            null, new LinuxContainerResources { CpuQuota = wanted.CpuQuota, CpuPeriod = wanted.CpuPeriod });
        var shares = new ResizeStep(null, new LinuxContainerResources { CpuShares = wanted.CpuShares });
        return Around(
            containers,
            [
                Change(limit, wanted.CpuQuota, current.CpuQuotaMicroseconds),
                Change(shares, wanted.CpuShares, current.HoldsShares(wanted.CpuShares)
                    ? wanted.CpuShares : current.CpuShares),
            ]);
    }

    /// <summary>
    /// Growth of the pod (limits before requests, so that a request never exceeds its limit), containers, shrinking of
    /// the pod the other way round.
    /// </summary>
    private static IEnumerable<ResizeStep> Around(
        IEnumerable<ResizeStep> containers, IReadOnlyList<(ResizeStep Step, int Sign)> own) =>
    [
        .. own.Where(o => o.Sign > 0).Select(o => o.Step),
        .. containers,
        .. own.Reverse().Where(o => o.Sign < 0).Select(o => o.Step),
    ];

    /// <summary>A wanted 0 keeps what there is: a limit is never taken away while a pod runs.</summary>
    private static (ResizeStep Step, int Sign) Change(ResizeStep step, long wanted, long? current) =>
        (step, wanted == 0 ? 0 : wanted.CompareTo(current ?? long.MaxValue));
}
