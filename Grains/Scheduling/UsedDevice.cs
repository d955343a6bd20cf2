using k8s.Models;
using OrleansOrchestrator.Grains.DynamicResources.Allocation;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>What a claim has of a device.</summary>
/// <param name="Device">The device.</param>
/// <param name="Parts">How much of its capacity, when others may have the rest; null for all of it.</param>
internal readonly record struct UsedDevice(DeviceId Device, IReadOnlyDictionary<string, Quantity>? Parts)
{
    private static readonly Dictionary<string, ResourceQuantity> Nothing = [];

    public static UsedDevice Of(V1DeviceRequestAllocationResult result) => new(
        new DeviceId(result.Driver, result.Pool, result.Device),
        string.IsNullOrEmpty(result.ShareID)
            ? null
            : (result.ConsumedCapacity ?? Nothing).ToDictionary(
                static c => c.Key, static c => Quantity.Of(c.Value), StringComparer.Ordinal));
}
