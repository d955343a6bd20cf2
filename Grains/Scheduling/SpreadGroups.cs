namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// How many pods of a group are on each node and in each zone. The groups are those that pods being scheduled belong
/// to; they are counted once and then kept up to date, for counting all pods anew for each would be felt.
/// </summary>
public sealed class SpreadGroups
{
    /// <summary>Groups that are kept; the one not used for longest goes.</summary>
    public const int MaxGroups = 256;

    private readonly Dictionary<string, Dictionary<string, SpreadGroup>> _byNamespace = new(StringComparer.Ordinal);
    private int _count;
    private long _clock;

    /// <summary>The group of the pods in a namespace that a selector selects.</summary>
    /// <param name="space">The namespace.</param>
    /// <param name="selector">What the group has in common.</param>
    /// <param name="placed">All pods, for a group that is new here.</param>
    public SpreadGroup Get(string space, JoinedSelector selector, PlacedPods placed)
    {
        if (!_byNamespace.TryGetValue(space, out var groups))
        {
            _byNamespace.Add(space, groups = new(StringComparer.Ordinal));
        }

        if (!groups.TryGetValue(selector.Text, out var group))
        {
            group = Make(space, selector, placed);
            groups.Add(selector.Text, group);
            _count++;
            Trim();
        }

        group.LastUse = ++_clock;
        return group;
    }

    /// <summary>A pod came onto a node (1) or left it (-1).</summary>
    public void Count(PodInfo pod, NodeInfo node, int change)
    {
        if (_count > 0 && !pod.IsDeleting && _byNamespace.TryGetValue(pod.Key.Namespace, out var groups))
        {
            foreach (var group in groups.Values)
            {
                if (group.Selector.Matches(pod.Labels))
                {
                    group.Count(node, change);
                }
            }
        }
    }

    /// <summary>A node with pods came, went or is in another zone: what was counted is void.</summary>
    public void Clear()
    {
        _byNamespace.Clear();
        _count = 0;
    }

    private static SpreadGroup Make(string space, JoinedSelector selector, PlacedPods placed)
    {
        var group = new SpreadGroup(selector);
        foreach (var (pod, node) in placed.All)
        {
            if (pod.Key.Namespace == space && !pod.IsDeleting && selector.Matches(pod.Labels))
            {
                group.Count(node, 1);
            }
        }

        return group;
    }

    private void Trim()
    {
        if (_count <= MaxGroups)
        {
            return;
        }

        var (groups, oldest) = _byNamespace.Values
            .SelectMany(s => s.Select(g => (Groups: s, Group: g)))
            .Where(g => g.Group.Value.LastUse > 0)
            .MinBy(g => g.Group.Value.LastUse);
        groups.Remove(oldest.Key);
        _count--;
    }
}

/// <summary>Pods of one namespace and selector, counted by where they are.</summary>
public sealed class SpreadGroup(JoinedSelector selector)
{
    private readonly Dictionary<string, int> _zones = new(StringComparer.Ordinal);
    private int[] _nodes = [];

    public JoinedSelector Selector => selector;

    internal long LastUse { get; set; }

    public int On(NodeInfo node) => node.Slot < _nodes.Length ? _nodes[node.Slot] : 0;

    /// <summary>On all nodes of a zone.</summary>
    public int In(string zone) => _zones.GetValueOrDefault(zone);

    /// <summary>A node that is only mentioned does not count, nor do its pods.</summary>
    internal void Count(NodeInfo node, int change)
    {
        if (!node.Exists)
        {
            return;
        }

        if (node.Slot >= _nodes.Length)
        {
            Array.Resize(ref _nodes, Math.Max(node.Slot + 1, _nodes.Length * 2));
        }

        _nodes[node.Slot] += change;
        var zone = node.TopologyZone;
        _zones[zone] = _zones.GetValueOrDefault(zone) + change;
    }
}
