using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// All nodes, in an array whose slots are stable, plus the order in which they are tried: zones take turns, as
/// upstream's node tree has it, so a search that stops early still sees every zone.
/// </summary>
public sealed class NodeTable(ClusterTables tables)
{
    private readonly Dictionary<string, NodeInfo> _byName = new(StringComparer.Ordinal);
    private readonly List<NodeInfo?> _slots = [];
    private readonly Stack<int> _freeSlots = new();
    private readonly VersionClock _clock = new();
    private NodeInfo[]? _order;

    /// <summary>Nodes are kept as they are stored, too.</summary>
    public bool KeepsObjects { get; set; }

    /// <summary>Upper bound of <see cref="NodeInfo.Slot"/>.</summary>
    public int SlotCount => _slots.Count;

    /// <summary>Existing nodes in trial order.</summary>
    public NodeInfo[] Order => _order ??= BuildOrder();

    public NodeInfo? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The node of that name; made without a Node object when only pods mention it.</summary>
    public NodeInfo GetOrAdd(string name)
    {
        if (_byName.TryGetValue(name, out var node))
        {
            return node;
        }

        if (!_freeSlots.TryPop(out var slot))
        {
            slot = _slots.Count;
            _slots.Add(null);
        }

        node = new NodeInfo(name, _clock) { Slot = slot };
        _slots[slot] = node;
        _byName.Add(name, node);
        return node;
    }

    /// <summary>What changed that pods may wait for; null for nothing.</summary>
    public NodeChange? Update(ResourceObject item)
    {
        var node = GetOrAdd(item.Key.Name);
        var before = node.Copy();
        var changes = node.Update(item, tables.Scalars);
        node.Object = KeepsObjects ? item : null;
        if (!before.Exists)
        {
            tables.Images.CountNodes(+1);
        }

        tables.Images.Replace(before.Images, node.Images);
        if (changes == ClusterChanges.None)
        {
            return null;
        }

        if ((!before.Exists || before.TopologyZone != node.TopologyZone) && node.PodCount > 0)
        {
            tables.Groups.Clear();
        }

        if (!before.Exists || before.Zone != node.Zone)
        {
            _order = null;
        }

        return new NodeChange(node, before.Exists ? before : null, changes);
    }

    public void Remove(string name)
    {
        if (_byName.TryGetValue(name, out var node) && node.Exists)
        {
            var images = node.Images;
            node.Remove();
            if (node.PodCount > 0)
            {
                tables.Groups.Clear();
            }

            tables.Images.CountNodes(-1);
            tables.Images.Replace(images, node.Images);
            _order = null;
            Release(node);
        }
    }

    /// <summary>Frees the slot of a node that neither exists nor has pods.</summary>
    public void Release(NodeInfo node)
    {
        if (node.Exists || node.PodCount > 0 || !_byName.Remove(node.Name))
        {
            return;
        }

        _slots[node.Slot] = null;
        _freeSlots.Push(node.Slot);
    }

    private NodeInfo[] BuildOrder()
    {
        var zones = _byName.Values
            .Where(n => n.Exists)
            .GroupBy(n => n.Zone, StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => g.OrderBy(n => n.Slot).ToArray())
            .ToArray();
        var longest = zones.Length == 0 ? 0 : zones.Max(z => z.Length);
        return [.. Enumerable.Range(0, longest).SelectMany(i => zones.Where(z => i < z.Length).Select(z => z[i]))];
    }
}
