using k8s.Models;

namespace OrleansOrchestrator.Grains.DynamicResources.Allocation;

/// <summary>A device that the search gives to a request.</summary>
public sealed record GivenDevice(DeviceRequest Request, DevicePool Pool, V1ResourceSlice Slice, V1Device Device)
{
    public DeviceId Id => Pool.IdOf(Device);
}
