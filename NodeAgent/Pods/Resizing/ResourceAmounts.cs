using k8s.Models;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Pods.Resizing;

/// <summary>The four amounts that a resize can change; 0 is none.</summary>
public readonly record struct ResourceAmounts(
    long MilliCpuRequest, long MilliCpuLimit, long MemoryRequestBytes, long MemoryLimitBytes)
{
    public static ResourceAmounts Of(V1ResourceRequirements? resources) => new(
        PodResources.MilliCpu(resources?.Requests),
        PodResources.MilliCpu(resources?.Limits),
        PodResources.Bytes(resources?.Requests),
        PodResources.Bytes(resources?.Limits));
}

/// <summary>A running container that has other amounts than it is to have.</summary>
public sealed record ContainerResize(V1Container Container, string Id, ResourceAmounts From, ResourceAmounts To)
{
    public bool ChangesCpu => (From.MilliCpuRequest, From.MilliCpuLimit) != (To.MilliCpuRequest, To.MilliCpuLimit);

    public bool ChangesMemory =>
        (From.MemoryRequestBytes, From.MemoryLimitBytes) != (To.MemoryRequestBytes, To.MemoryLimitBytes);

    /// <summary>Its policy says that the program takes the new amounts only when it starts.</summary>
    public bool NeedsRestart =>
        (ChangesCpu && RestartsFor(PodResources.Cpu)) || (ChangesMemory && RestartsFor(PodResources.Memory));

    /// <summary>
    /// Less room than before, or room that is limited from now on: the limit, else the request decides.
    /// </summary>
    public bool LowersCpu => From.MilliCpuLimit != To.MilliCpuLimit
        ? To.MilliCpuLimit < From.MilliCpuLimit
        : To.MilliCpuRequest < From.MilliCpuRequest;

    public bool LowersMemory => From.MemoryLimitBytes != To.MemoryLimitBytes
        ? To.MemoryLimitBytes < From.MemoryLimitBytes
        : To.MemoryRequestBytes < From.MemoryRequestBytes;

    /// <summary>The memory in use may be more than it gets now.</summary>
    public bool TightensMemory => To.MemoryLimitBytes > 0
        && (From.MemoryLimitBytes == 0 || To.MemoryLimitBytes < From.MemoryLimitBytes);

    /// <summary>Null when the instance has what the container is to have.</summary>
    public static ContainerResize? Of(V1Pod pod, V1Container container, ContainerRecord record, PodAmounts? actuated)
    {
        var from = ResourceAmounts.Of(actuated?.Containers.GetValueOrDefault(container.Name));
        var to = ResourceAmounts.Of(PodResources.Effective(pod, container));
        return from == to ? null : new ContainerResize(container, record.Id, from, to);
    }

    private bool RestartsFor(string resource) =>
        Container.ResizePolicy?.FirstOrDefault(p => p.ResourceName == resource)?.RestartPolicy == "RestartContainer";
}
