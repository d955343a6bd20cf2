using k8s.Models;

namespace OrleansOrchestrator.Grains.DynamicResources.Allocation;

/// <summary>What a driver offers of one pool, in its newest generation.</summary>
/// <param name="Driver">Whose.</param>
/// <param name="Name">Its name.</param>
/// <param name="Slices">Those with devices for the node at hand, by name.</param>
/// <param name="All">All slices of the generation.</param>
/// <param name="IsIncomplete">The driver is about to publish more.</param>
/// <param name="IsInvalid">Two devices have one name.</param>
public sealed record DevicePool(
    string Driver,
    string Name,
    IReadOnlyList<V1ResourceSlice> Slices,
    IReadOnlyList<V1ResourceSlice> All,
    bool IsIncomplete,
    bool IsInvalid)
{
    public override string ToString() => $"{Driver}/{Name}";

    public DeviceId IdOf(V1Device device) => new(Driver, Name, device.Name);

    /// <summary>
    /// Null when a newer generation, which has nothing for the node, replaces what there was for it.
    /// </summary>
    /// <param name="reached">The slices that have devices for the node, of any generation.</param>
    /// <param name="known">All slices of the pool, of any generation.</param>
    public static DevicePool? Of(IEnumerable<V1ResourceSlice> reached, IEnumerable<V1ResourceSlice> known)
    {
        var all = Newest(known);
        var slices = Newest(reached);
        var pool = slices[0].Spec.Pool;
        if (pool.Generation < all[0].Spec.Pool.Generation)
        {
            return null;
        }

        var devices = slices.SelectMany(s => s.Spec.Devices ?? []).Select(d => d.Name).ToList();
        return new DevicePool(
            slices[0].Spec.Driver,
            pool.Name,
            slices,
            all,
            all.Count != pool.ResourceSliceCount,
            devices.Distinct(StringComparer.Ordinal).Count() != devices.Count);
    }

    private static List<V1ResourceSlice> Newest(IEnumerable<V1ResourceSlice> slices)
    {
        var generations = slices.GroupBy(s => s.Spec.Pool.Generation).MaxBy(g => g.Key)!;
        return [.. generations.OrderBy(s => s.Metadata.Name, StringComparer.Ordinal)];
    }
}
