using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.DynamicResources.Allocation;

/// <summary>
/// What is left of the capacity of devices that may be given to several: what others have of it is known, what the
/// search at hand gives away is counted here.
/// </summary>
/// <param name="partsOf">What others have of a device; null when nobody has a part of it.</param>
internal sealed class CapacityBook(Func<DeviceId, IReadOnlyDictionary<string, Quantity>?> partsOf)
{
    private static readonly Dictionary<string, Quantity> All = [];

    private readonly Dictionary<DeviceId, Stack<IReadOnlyDictionary<string, Quantity>>> _given = [];

    /// <summary>Somebody has a part of the device, or is about to.</summary>
    public bool IsShared(DeviceId id) => partsOf(id) is not null || _given.GetValueOrDefault(id) is { Count: > 0 };

    /// <summary>
    /// What the request would get of the device; null when that is not to be had. Who gets a whole device and says
    /// nothing of its capacity always gets it.
    /// </summary>
    public IReadOnlyDictionary<string, Quantity>? Share(DeviceRequest request, DeviceId id, V1Device device) =>
        device.AllowMultipleAllocations != true && request.Capacity.Count == 0 ? All
        : CapacityShare.Of(request, device) is { } share
        && share.All(s => Used(id, s.Key) + s.Value <= Quantity.Of(device.Capacity[s.Key].Value))
            ? share
            : null;

    public void Take(DeviceId id, IReadOnlyDictionary<string, Quantity> share)
    {
        if (!_given.TryGetValue(id, out var given))
        {
            _given[id] = given = new();
        }

        given.Push(share);
    }

    /// <summary>The last that was taken of the device.</summary>
    public void GiveBack(DeviceId id) => _given[id].Pop();

    private Quantity Used(DeviceId id, string capacity)
    {
        var used = partsOf(id)?.GetValueOrDefault(capacity) ?? Quantity.Zero;
        return _given.TryGetValue(id, out var given)
            ? given.Aggregate(used, (sum, share) => sum + share.GetValueOrDefault(capacity))
            : used;
    }
}
