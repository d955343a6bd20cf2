using Grpc.Core;
using OrleansOrchestrator.NodeAgent.Devices.PodResourcesV1Alpha1;
using OrleansOrchestrator.NodeAgent.PodRecords;
using Lister = OrleansOrchestrator.NodeAgent.Devices.PodResourcesV1Alpha1.PodResourcesLister;
using PodResources = OrleansOrchestrator.NodeAgent.Devices.PodResourcesV1Alpha1.PodResources;

namespace OrleansOrchestrator.NodeAgent.Devices;

/// <summary>The same as <see cref="PodResourcesLister"/> in the API's first form: devices of app containers.</summary>
public sealed class AlphaPodResourcesLister(IPodRegistry pods, DeviceAllocations allocations)
    : Lister.PodResourcesListerBase
{
    /// <summary>All pods that have not ended, also those without devices.</summary>
    public override Task<ListPodResourcesResponse> List(ListPodResourcesRequest request, ServerCallContext context)
    {
        var answer = new ListPodResourcesResponse();
        foreach (var pod in pods.List().Where(static p => !p.HasTerminalPhase()))
        {
            var told = new PodResources { Name = pod.Metadata.Name, Namespace = pod.Metadata.NamespaceProperty };
            told.Containers.AddRange(pod.Spec.Containers.Select(c => Of(pod.Metadata.Uid, c.Name)));
            answer.PodResources.Add(told);
        }

        return Task.FromResult(answer);
    }

    private ContainerResources Of(string uid, string container)
    {
        var own = new ContainerResources { Name = container };
        foreach (var allocated in allocations.Of(uid, container))
        {
            var devices = new ContainerDevices { ResourceName = allocated.Resource };
            devices.DeviceIds.AddRange(allocated.Devices);
            own.Devices.Add(devices);
        }

        return own;
    }
}
