using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.DynamicResources.Allocation;

/// <summary>A device, or a part of one, that the search gives to a request.</summary>
public sealed record GivenDevice(DeviceRequest Request, DevicePool Pool, V1ResourceSlice Slice, V1Device Device)
{
    public DeviceId Id => Pool.IdOf(Device);

    /// <summary>Others may have parts of it, too.</summary>
    public bool IsShared => Device.AllowMultipleAllocations == true;

    /// <summary>What is taken of a shared device's capacity; null of one that is not shared.</summary>
    public IReadOnlyDictionary<string, Quantity>? Share { get; init; }
}
