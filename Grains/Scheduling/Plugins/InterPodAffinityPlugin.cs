using OrleansOrchestrator.Grains.Scheduling.Framework;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>
/// Pod affinity and anti-affinity: a pod near some pods and away from others, as it says itself, and as those say that
/// are there.
/// </summary>
/// <param name="tables">What is known of pods and namespaces.</param>
/// <param name="hardAffinityWeight">What another pod's required affinity to this one weighs.</param>
/// <param name="ignoresOthers">Pods that prefer no others themselves are not scored.</param>
public sealed class InterPodAffinityPlugin(
    ClusterTables tables, int hardAffinityWeight = 1, bool ignoresOthers = false) : IRelationPlugin
{
    public const string PluginName = "InterPodAffinity";

    private static readonly Verdict NoAffinity = new(PluginName, false, "node(s) didn't match pod affinity rules");
    private static readonly Verdict TooNear = new(PluginName, true, "node(s) didn't match pod anti-affinity rules");
    private static readonly Verdict NotWanted = new(
        PluginName, true, "node(s) didn't satisfy existing pods anti-affinity rules");

    private readonly PlacedPods _placed = tables.Placed;
    private readonly NamespaceTable _namespaces = tables.Namespaces;
    private readonly bool _ignoresOthers = ignoresOthers;

    public string Name => PluginName;

    public int Weight => 2;

    public bool MindsPods => true;

    public ClusterChanges HelpfulChanges =>
        ClusterChanges.NodeAdded | ClusterChanges.NodeRemoved | ClusterChanges.NodeLabels;

    public bool Minds(PodInfo pod, PodInfo other) =>
        (pod.Shape.Terms is { } own && (Means(own.Affinity, pod, other) || Means(own.AntiAffinity, pod, other)))
        || (other.Shape.Terms is { } others && Means(others.AntiAffinity, other, pod));

    public IPodRelations? Prepare(PodInfo pod, NodeInfo[] nodes)
    {
        var terms = pod.Shape.Terms;
        if (terms is null && _placed.WithTerms.Count == 0 && !tables.Nominated.AnyWithTerms)
        {
            return null;
        }

        var result = new Relations(this, pod, terms?.Affinity.All(t => t.Matches(pod, pod, _namespaces)) == true);
        foreach (var (other, node) in _placed.WithTerms)
        {
            if (node.Exists)
            {
                CountOthers(result, other, node, 1);
            }
        }

        if (terms is not null)
        {
            foreach (var (other, node) in _placed.All)
            {
                if (node.Exists)
                {
                    CountOwn(result, other, node, 1);
                }
            }
        }

        return result;
    }

    private bool Means(PodTerm[] terms, PodInfo owner, PodInfo other) =>
        Array.Exists(terms, t => t.Matches(owner, other, _namespaces));

    /// <summary>What the terms of a pod that is there say of the new one.</summary>
    private void CountOthers(Relations result, PodInfo other, NodeInfo node, int change)
    {
        var (pod, terms) = (result.Pod, other.Shape.Terms!);
        foreach (var term in terms.AntiAffinity.Where(t => t.Matches(other, pod, _namespaces)))
        {
            Add(result.Unwanted, term, node, change);
        }

        foreach (var term in terms.Affinity.Where(t => t.Matches(other, pod, _namespaces)))
        {
            Add(result.Scores, term, node, change * hardAffinityWeight);
        }

        foreach (var (weight, term) in terms.Preferred.Where(t => t.Term.Matches(other, pod, _namespaces)))
        {
            Add(result.Scores, term, node, change * weight);
        }
    }

    /// <summary>What the terms of the new pod say of one that is there.</summary>
    private void CountOwn(Relations result, PodInfo other, NodeInfo node, int change)
    {
        var (pod, terms) = (result.Pod, result.Pod.Shape.Terms!);
        if (terms.Affinity.Length > 0 && terms.Affinity.All(t => t.Matches(pod, other, _namespaces)))
        {
            foreach (var term in terms.Affinity)
            {
                Add(result.Near, term, node, change);
            }
        }

        foreach (var term in terms.AntiAffinity.Where(t => t.Matches(pod, other, _namespaces)))
        {
            Add(result.Away, term, node, change);
        }

        foreach (var (weight, term) in terms.Preferred.Where(t => t.Term.Matches(pod, other, _namespaces)))
        {
            Add(result.Scores, term, node, change * weight);
        }
    }

    private static void Add(Dictionary<(string Key, string Value), int> counts, PodTerm term, NodeInfo node, int amount)
    {
        if (!node.Labels.TryGetValue(term.TopologyKey, out var value))
        {
            return;
        }

        var count = counts.GetValueOrDefault((term.TopologyKey, value)) + amount;
        if (count == 0)
        {
            counts.Remove((term.TopologyKey, value));
        }
        else
        {
            counts[(term.TopologyKey, value)] = count;
        }
    }

    /// <summary>Counts of pods, and scores, by label and value of nodes.</summary>
    private sealed class Relations(InterPodAffinityPlugin plugin, PodInfo pod, bool matchesItself) : IPodRelations
    {
        private readonly PodTerms? _terms = pod.Shape.Terms;
        private string[]? _unwantedKeys;

        public PodInfo Pod => pod;

        public Dictionary<(string Key, string Value), int> Near { get; } = [];

        public Dictionary<(string Key, string Value), int> Away { get; } = [];

        public Dictionary<(string Key, string Value), int> Unwanted { get; } = [];

        public Dictionary<(string Key, string Value), int> Scores { get; } = [];

        public Verdict? Filter(NodeInfo node) =>
            !IsNear(node) ? NoAffinity
            : _terms is not null && Array.Exists(_terms.AntiAffinity, t => Has(Away, node, t.TopologyKey)) ? TooNear
            : Array.Exists(_unwantedKeys ??= KeysOf(Unwanted), key => Has(Unwanted, node, key)) ? NotWanted
            : null;

        public void Count(PodInfo other, NodeInfo node, int change)
        {
            _unwantedKeys = null;
            if (other.Shape.Terms is not null)
            {
                plugin.CountOthers(this, other, node, change);
            }

            if (_terms is not null)
            {
                plugin.CountOwn(this, other, node, change);
            }
        }

        public int[]? Score(ReadOnlySpan<NodeInfo> candidates)
        {
            if (Scores.Count == 0 || (plugin._ignoresOthers && _terms is not { Preferred.Length: > 0 }))
            {
                return null;
            }

            var keys = KeysOf(Scores);
            var raw = new long[candidates.Length];
            var (lowest, highest) = (long.MaxValue, long.MinValue);
            for (var i = 0; i < raw.Length; i++)
            {
                foreach (var key in keys)
                {
                    raw[i] += candidates[i].Labels.TryGetValue(key, out var value)
                        ? Scores.GetValueOrDefault((key, value))
                        : 0;
                }

                (lowest, highest) = (Math.Min(lowest, raw[i]), Math.Max(highest, raw[i]));
            }

            // As upstream divides first, 29 of 50 are 57.99…, which is 57.
            return highest == lowest
                ? null
                : [.. raw.Select(r => (int)(100 * ((double)(r - lowest) / (highest - lowest))))];
        }

        /// <summary>
        /// The first of pods that want to be near each other may be anywhere where the others can be.
        /// </summary>
        private bool IsNear(NodeInfo node) => _terms is null || (
            Array.TrueForAll(_terms.Affinity, t => node.Labels.ContainsKey(t.TopologyKey))
            && (Array.TrueForAll(_terms.Affinity, t => Has(Near, node, t.TopologyKey))
                || (Near.Count == 0 && matchesItself)));

        /// <summary>
        /// A node has one value of each label: to ask by label keeps the work to the nodes, however many values there
        /// are.
        /// </summary>
        private static string[] KeysOf(Dictionary<(string Key, string Value), int> counts) =>
            [.. counts.Keys.Select(k => k.Key).Distinct(StringComparer.Ordinal)];

        private static bool Has(Dictionary<(string Key, string Value), int> counts, NodeInfo node, string key) =>
            node.Labels.TryGetValue(key, out var value) && counts.ContainsKey((key, value));
    }
}
