using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.DynamicResources.Allocation;

/// <summary>
/// What is left of the counters that devices of a pool share: parts of one piece of hardware that can be cut up in
/// several ways.
/// </summary>
/// <param name="isAllocated">The devices that others have.</param>
public sealed class CounterBook(Func<DeviceId, bool> isAllocated)
{
    private readonly Dictionary<(DevicePool Pool, string Set, string Counter), Quantity> _left = [];
    private readonly HashSet<DevicePool> _pools = new(ReferenceEqualityComparer.Instance);

    /// <summary>False, and nothing taken, when too little is left for the device.</summary>
    public bool Take(DevicePool pool, V1Device device)
    {
        if (device.ConsumesCounters is not { Count: > 0 })
        {
            return true;
        }

        if (_pools.Add(pool))
        {
            Open(pool);
        }

        if (!Uses(device).All(u => _left.TryGetValue((pool, u.Set, u.Counter), out var left) && u.Amount <= left))
        {
            return false;
        }

        Change(pool, device, static (left, used) => left - used);
        return true;
    }

    public void GiveBack(DevicePool pool, V1Device device) =>
        Change(pool, device, static (left, used) => left + used);

    private static IEnumerable<(string Set, string Counter, Quantity Amount)> Uses(V1Device device) =>
        from use in device.ConsumesCounters ?? []
        from counter in use.Counters ?? new Dictionary<string, V1Counter>()
        select (use.CounterSet, counter.Key, Quantity.Of(counter.Value.Value));

    private void Open(DevicePool pool)
    {
        foreach (var set in pool.All.SelectMany(s => s.Spec.SharedCounters ?? []))
        {
            foreach (var (name, counter) in set.Counters ?? new Dictionary<string, V1Counter>())
            {
                _left[(pool, set.Name, name)] = Quantity.Of(counter.Value);
            }
        }

        foreach (var device in pool.All.SelectMany(s => s.Spec.Devices ?? []).Where(d => isAllocated(pool.IdOf(d))))
        {
            Change(pool, device, static (left, used) => left - used);
        }
    }

    private void Change(DevicePool pool, V1Device device, Func<Quantity, Quantity, Quantity> change)
    {
        foreach (var (set, counter, amount) in Uses(device))
        {
            if (_left.TryGetValue((pool, set, counter), out var left))
            {
                _left[(pool, set, counter)] = change(left, amount);
            }
        }
    }
}
