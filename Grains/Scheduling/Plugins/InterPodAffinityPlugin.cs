namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>
/// Pod affinity and anti-affinity: a pod near some pods and away from others, as it says itself, and as those say that
/// are there.
/// </summary>
public sealed class InterPodAffinityPlugin(PlacedPods placed, NamespaceTable namespaces) : IRelationPlugin
{
    public const string PluginName = "InterPodAffinity";

    /// <summary>What another pod's required affinity to this one weighs.</summary>
    private const int HardAffinityWeight = 1;

    private static readonly Verdict NoAffinity = new(PluginName, false, "node(s) didn't match pod affinity rules");
    private static readonly Verdict TooNear = new(PluginName, true, "node(s) didn't match pod anti-affinity rules");
    private static readonly Verdict NotWanted = new(
        PluginName, true, "node(s) didn't satisfy existing pods anti-affinity rules");

    public string Name => PluginName;

    public int Weight => 2;

    public IPodRelations? Prepare(PodInfo pod, NodeInfo[] nodes)
    {
        var terms = pod.Shape.Terms;
        if (terms is null && placed.WithTerms.Count == 0)
        {
            return null;
        }

        var result = new Relations(
            terms, terms is not null && terms.Affinity.All(t => t.Matches(pod, pod, namespaces)));
        foreach (var (other, node) in placed.WithTerms)
        {
            if (node.Exists)
            {
                CountOthers(result, pod, other, node);
            }
        }

        if (terms is not null)
        {
            foreach (var (other, node) in placed.All)
            {
                if (node.Exists)
                {
                    CountOwn(result, terms, pod, other, node);
                }
            }
        }

        return result;
    }

    /// <summary>What the terms of a pod that is there say of the new one.</summary>
    private void CountOthers(Relations result, PodInfo pod, PodInfo other, NodeInfo node)
    {
        var terms = other.Shape.Terms!;
        foreach (var term in terms.AntiAffinity.Where(t => t.Matches(other, pod, namespaces)))
        {
            Add(result.Unwanted, term, node, 1);
        }

        foreach (var term in terms.Affinity.Where(t => t.Matches(other, pod, namespaces)))
        {
            Add(result.Scores, term, node, HardAffinityWeight);
        }

        foreach (var (weight, term) in terms.Preferred.Where(t => t.Term.Matches(other, pod, namespaces)))
        {
            Add(result.Scores, term, node, weight);
        }
    }

    /// <summary>What the terms of the new pod say of one that is there.</summary>
    private void CountOwn(Relations result, PodTerms terms, PodInfo pod, PodInfo other, NodeInfo node)
    {
        if (terms.Affinity.Length > 0 && terms.Affinity.All(t => t.Matches(pod, other, namespaces)))
        {
            foreach (var term in terms.Affinity)
            {
                Add(result.Near, term, node, 1);
            }
        }

        foreach (var term in terms.AntiAffinity.Where(t => t.Matches(pod, other, namespaces)))
        {
            Add(result.Away, term, node, 1);
        }

        foreach (var (weight, term) in terms.Preferred.Where(t => t.Term.Matches(pod, other, namespaces)))
        {
            Add(result.Scores, term, node, weight);
        }
    }

    private static void Add(Dictionary<(string Key, string Value), int> counts, PodTerm term, NodeInfo node, int amount)
    {
        if (node.Labels.TryGetValue(term.TopologyKey, out var value))
        {
            counts[(term.TopologyKey, value)] = counts.GetValueOrDefault((term.TopologyKey, value)) + amount;
        }
    }

    /// <summary>Counts of pods, and scores, by label and value of nodes.</summary>
    private sealed class Relations(PodTerms? terms, bool matchesItself) : IPodRelations
    {
        private string[]? _unwantedKeys;

        public Dictionary<(string Key, string Value), int> Near { get; } = [];

        public Dictionary<(string Key, string Value), int> Away { get; } = [];

        public Dictionary<(string Key, string Value), int> Unwanted { get; } = [];

        public Dictionary<(string Key, string Value), int> Scores { get; } = [];

        public Verdict? Filter(NodeInfo node) =>
            !IsNear(node) ? NoAffinity
            : terms is not null && Array.Exists(terms.AntiAffinity, t => Has(Away, node, t.TopologyKey)) ? TooNear
            : Array.Exists(_unwantedKeys ??= KeysOf(Unwanted), key => Has(Unwanted, node, key)) ? NotWanted
            : null;

        public int[]? Score(ReadOnlySpan<NodeInfo> candidates)
        {
            if (Scores.Count == 0)
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

            return highest == lowest
                ? null
                : [.. raw.Select(r => (int)(100 * (double)(r - lowest) / (highest - lowest)))];
        }

        /// <summary>
        /// The first of pods that want to be near each other may be anywhere where the others can be.
        /// </summary>
        private bool IsNear(NodeInfo node) => terms is null || (
            Array.TrueForAll(terms.Affinity, t => node.Labels.ContainsKey(t.TopologyKey))
            && (Array.TrueForAll(terms.Affinity, t => Has(Near, node, t.TopologyKey))
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
