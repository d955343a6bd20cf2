using k8s.Models;

namespace OrleansOrchestrator.Grains.DynamicResources.Allocation;

/// <summary>The slices of a cluster, by what is asked of them.</summary>
public sealed class SliceIndex
{
    private readonly Dictionary<string, V1ResourceSlice> _all = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<V1ResourceSlice>> _byNode = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Driver, string Pool), HashSet<V1ResourceSlice>> _byPool = [];
    private readonly HashSet<V1ResourceSlice> _shared = [];

    /// <summary>Those with devices that must be prepared before a pod that has them is bound.</summary>
    private readonly HashSet<V1ResourceSlice> _prepared = [];

    public IEnumerable<string> Names => _all.Keys;

    public void Set(V1ResourceSlice slice)
    {
        Remove(slice.Metadata.Name);
        _all.Add(slice.Metadata.Name, slice);
        if (slice.Spec.NodeName is { Length: > 0 } node)
        {
            Add(_byNode, node, slice);
        }
        else
        {
            _shared.Add(slice);
        }

        if (slice.Spec.Devices?.Any(static d => d.BindingConditions is { Count: > 0 }) == true)
        {
            _prepared.Add(slice);
        }

        Add(_byPool, PoolOf(slice), slice);
    }

    public void Remove(string name)
    {
        if (!_all.Remove(name, out var slice))
        {
            return;
        }

        _shared.Remove(slice);
        _prepared.Remove(slice);
        if (slice.Spec.NodeName is { Length: > 0 } node)
        {
            Take(_byNode, node, slice);
        }

        Take(_byPool, PoolOf(slice), slice);
    }

    /// <summary>
    /// The pools that have devices for a node, in order of their names, as have their slices: so that the same cluster
    /// gives the same devices. Those with devices that must be prepared before a pod is bound come last.
    /// </summary>
    public IReadOnlyList<DevicePool> PoolsFor(AllocationNode node)
    {
        IEnumerable<V1ResourceSlice> own = _byNode.TryGetValue(node.Name, out var found) ? found : [];
        return
        [
            .. own.Concat(_shared.Where(s => IsFor(s, node)))
                .GroupBy(PoolOf)
                .OrderBy(g => g.Key.Driver, StringComparer.Ordinal).ThenBy(g => g.Key.Pool, StringComparer.Ordinal)
                .Select(g => DevicePool.Of(g, _byPool[g.Key]))
                .OfType<DevicePool>()
                .OrderBy(p => !p.IsIncomplete && p.Slices.Any(_prepared.Contains)),
        ];
    }

    private static (string Driver, string Pool) PoolOf(V1ResourceSlice slice) =>
        (slice.Spec.Driver, slice.Spec.Pool.Name);

    private static bool IsFor(V1ResourceSlice slice, AllocationNode node)
    {
        var spec = slice.Spec;
        return spec.PerDeviceNodeSelection == true
            ? (spec.Devices ?? []).Any(d => node.Reaches(d.NodeName, d.AllNodes, d.NodeSelector))
            : node.Reaches(null, spec.AllNodes, spec.NodeSelector);
    }

    private static void Add<TKey>(
        Dictionary<TKey, HashSet<V1ResourceSlice>> index, TKey key, V1ResourceSlice slice)
        where TKey : notnull
    {
        if (!index.TryGetValue(key, out var slices))
        {
            index[key] = slices = [];
        }

        slices.Add(slice);
    }

    private static void Take<TKey>(
        Dictionary<TKey, HashSet<V1ResourceSlice>> index, TKey key, V1ResourceSlice slice)
        where TKey : notnull
    {
        var slices = index[key];
        slices.Remove(slice);
        if (slices.Count == 0)
        {
            index.Remove(key);
        }
    }
}
