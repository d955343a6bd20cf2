using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cpus;
using OrleansOrchestrator.NodeAgent.Devices.PodResourcesV1;
using OrleansOrchestrator.NodeAgent.Dra;
using OrleansOrchestrator.NodeAgent.MemoryBlocks;
using OrleansOrchestrator.NodeAgent.Numa;
using OrleansOrchestrator.NodeAgent.PodRecords;
using Lister = OrleansOrchestrator.NodeAgent.Devices.PodResourcesV1.PodResourcesLister;
using PodResources = OrleansOrchestrator.NodeAgent.Devices.PodResourcesV1.PodResources;

namespace OrleansOrchestrator.NodeAgent.Devices;

/// <summary>
/// Tells programs of the machine, such as those that measure devices, which container has which (the PodResources
/// API).
/// </summary>
public sealed class PodResourcesLister(
    IPodRegistry pods, DeviceAllocations allocations, DeviceInventory inventory, DynamicResources claims,
    CpuManager cpus, MemoryManager memory)
    : Lister.PodResourcesListerBase
{
    /// <summary>All pods that have not ended, also those without devices.</summary>
    public override Task<ListPodResourcesResponse> List(ListPodResourcesRequest request, ServerCallContext context)
    {
        var answer = new ListPodResourcesResponse();
        answer.PodResources.AddRange(pods.List().Where(static p => !p.HasTerminalPhase()).Select(Of));
        return Task.FromResult(answer);
    }

    public override Task<GetPodResourcesResponse> Get(GetPodResourcesRequest request, ServerCallContext context) =>
        pods.Find(request.PodNamespace, request.PodName) is { } found
            ? Task.FromResult(new GetPodResourcesResponse { PodResources = Of(found.Pod) })
            : throw new RpcException(new Status(
                StatusCode.Unknown, $"pod {request.PodName} in namespace {request.PodNamespace} not found"));

    /// <summary>All devices that work, whoever has them, each for itself as upstream tells them.</summary>
    public override Task<AllocatableResourcesResponse> GetAllocatableResources(
        AllocatableResourcesRequest request, ServerCallContext context)
    {
        var answer = new AllocatableResourcesResponse();
        answer.Devices.AddRange(
            from resource in inventory.Amounts.Working.Keys.Order(StringComparer.Ordinal)
            from device in (inventory.Healthy(resource) ?? new HashSet<string>()).Order(StringComparer.Ordinal)
            from told in Devices(resource, [device])
            select told);
        answer.CpuIds.AddRange(cpus.Allocatable.Select(static cpu => (long)cpu));
        answer.Memory.AddRange(memory.Allocatable.Select(Memory));
        return Task.FromResult(answer);
    }

    private PodResources Of(V1Pod pod)
    {
        var found = new PodResources { Name = pod.Metadata.Name, Namespace = pod.Metadata.NamespaceProperty };
        foreach (var container in pod.Sidecars().Concat(pod.Spec.Containers))
        {
            var own = new ContainerResources { Name = container.Name };
            own.Devices.AddRange(
                from allocated in allocations.Of(pod.Metadata.Uid, container.Name)
                from told in Devices(allocated.Resource, allocated.Devices)
                select told);
            own.CpuIds.AddRange(
                cpus.ExclusiveOf(pod.Metadata.Uid, container.Name).Select(static cpu => (long)cpu));
            own.Memory.AddRange(memory.Of(pod.Metadata.Uid, container.Name).Select(Memory));
            own.DynamicResources.AddRange(claims.Of(pod, container).Select(Claimed));
            found.Containers.Add(own);
        }

        return found;
    }

    private static DynamicResource Claimed(ClaimRecord claim)
    {
        var told = new DynamicResource { ClaimName = claim.Name, ClaimNamespace = claim.Namespace };
        told.ClaimResources.AddRange(
            from driver in claim.Drivers
            from device in driver.Value
            select Claimed(driver.Key, device));
        return told;
    }

    private static ClaimResource Claimed(string driver, PreparedDevice device)
    {
        var told = new ClaimResource { DriverName = driver, PoolName = device.Pool, DeviceName = device.Name };
        if (device.ShareId is { } share)
        {
            told.ShareId = share;
        }

        told.CdiDevices.AddRange(device.CdiIds.Select(static id => new CDIDevice { Name = id }));
        return told;
    }

    /// <summary>Those of the same NUMA nodes together.</summary>
    private IEnumerable<ContainerDevices> Devices(string resource, IEnumerable<string> devices)
    {
        var places = inventory.NodesOf(resource);
        foreach (var near in devices.GroupBy(device => places.GetValueOrDefault(device)))
        {
            var told = new ContainerDevices { ResourceName = resource, Topology = Nodes(near.Key) };
            told.DeviceIds.AddRange(near);
            yield return told;
        }
    }

    private static ContainerMemory Memory(MemoryBlock block) => new()
    {
        MemoryType = block.Type, Size = (ulong)block.Bytes, Topology = Nodes(block.Nodes),
    };

    private static TopologyInfo? Nodes(NumaSet nodes)
    {
        if (nodes.Count == 0)
        {
            return null;
        }

        var told = new TopologyInfo();
        told.Nodes.AddRange(nodes.Nodes.Select(static node => new NUMANode { ID = node }));
        return told;
    }
}
