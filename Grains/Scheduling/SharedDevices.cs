using OrleansOrchestrator.Grains.DynamicResources.Allocation;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>How much of the capacity of devices was given away, of those that several may have parts of.</summary>
internal sealed class SharedDevices
{
    private readonly Dictionary<DeviceId, (int Claims, Dictionary<string, Quantity> Parts)> _devices = [];

    /// <summary>Null when nobody has a part of the device.</summary>
    public IReadOnlyDictionary<string, Quantity>? PartsOf(DeviceId device) =>
        _devices.TryGetValue(device, out var known) ? known.Parts : null;

    /// <summary>A claim gets parts of a device (1) or gives them back (-1).</summary>
    public void Count(DeviceId device, IReadOnlyDictionary<string, Quantity> parts, int change)
    {
        var (claims, sums) = _devices.TryGetValue(device, out var known) ? known : (0, []);
        claims += change;
        if (claims == 0)
        {
            _devices.Remove(device);
            return;
        }

        foreach (var (name, amount) in parts)
        {
            var before = sums.GetValueOrDefault(name);
            sums[name] = change > 0 ? before + amount : before - amount;
        }

        _devices[device] = (claims, sums);
    }
}
