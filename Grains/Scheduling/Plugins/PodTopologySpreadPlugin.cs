using OrleansOrchestrator.Grains.Scheduling.Framework;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>Spreads pods over zones, hosts or whatever else nodes are labelled with.</summary>
/// <param name="tables">What is known of pods, and of what they are part of.</param>
/// <param name="defaults">For pods that say nothing; null for upstream's way. Their selectors do not matter.</param>
public sealed class PodTopologySpreadPlugin(ClusterTables tables, IReadOnlyList<SpreadConstraint>? defaults = null)
    : IRelationPlugin
{
    public const string PluginName = "PodTopologySpread";

    private const string Hostname = "kubernetes.io/hostname";
    private const string Reason = "node(s) didn't match pod topology spread constraints";

    private static readonly Verdict Skewed = new(PluginName, true, Reason);
    private static readonly Verdict NoLabel = new(PluginName, false, Reason + " (missing required label)");

    private readonly DefaultSpread _default = new(tables);

    public string Name => PluginName;

    public int Weight => 2;

    public bool MindsPods => true;

    public ClusterChanges HelpfulChanges =>
        ClusterChanges.NodeAdded | ClusterChanges.NodeRemoved | ClusterChanges.NodeLabels | ClusterChanges.NodeTaints;

    public IPodRelations? Prepare(PodInfo pod, NodeInfo[] nodes) =>
        pod.Shape.Spread.Length > 0 ? new Relations(tables.Placed, pod, pod.Shape.Spread, nodes)
        : defaults is null ? _default.Prepare(pod, nodes)
        : defaults.Count > 0 && tables.Owners.Of(pod) is { } owners
            ? new Relations(tables.Placed, pod, DefaultsFor(owners), nodes)
        : null;

    /// <summary>Nodes that lack a label are no domains.</summary>
    public bool MindsNode(PodInfo pod, NodeInfo node) => Array.TrueForAll(
        pod.Shape.Spread, c => !c.IsHard || node.Labels.ContainsKey(c.TopologyKey));

    /// <summary>A pod without constraints of its own was rejected by default ones, about pods like it.</summary>
    public bool Minds(PodInfo pod, PodInfo other) => other.Key.Namespace == pod.Key.Namespace
        && (pod.Shape.Spread.Length == 0
            || Array.Exists(pod.Shape.Spread, c => c.IsHard && c.Selector.Matches(other.Labels)));

    /// <summary>Of constraints that only prefer nothing is to be helped.</summary>
    public bool IsHelpedBy(PodChange change, PodInfo old, PodInfo pod) => change switch
    {
        PodChange.Labels => Array.Exists(
            pod.Shape.Spread, c => c.IsHard && c.Selector.Matches(old.Labels) != c.Selector.Matches(pod.Labels)),
        PodChange.Tolerations => Array.Exists(pod.Shape.Spread, static c => c.IsHard && c.HonorsTaints),
        _ => false,
    };

    private SpreadConstraint[] DefaultsFor(JoinedSelector owners)
    {
        var selector = LabelSelector.Of(owners.Selectors.SelectMany(static s => s.Requirements));
        return [.. defaults!.Select(c => c with { Selector = selector })];
    }

    private sealed class Relations : IPodRelations
    {
        private readonly PlacedPods _placed;
        private readonly PodInfo _pod;
        private readonly NodeInfo[] _nodes;
        private readonly Domains[] _hard;
        private readonly SpreadConstraint[] _soft;

        public Relations(PlacedPods placed, PodInfo pod, SpreadConstraint[] constraints, NodeInfo[] nodes)
        {
            (_placed, _pod, _nodes) = (placed, pod, nodes);
            _soft = [.. constraints.Where(c => !c.IsHard)];
            _hard = Count([.. constraints.Where(c => c.IsHard)], nodes);
        }

        public Verdict? Filter(NodeInfo node)
        {
            foreach (var domains in _hard)
            {
                if (!node.Labels.TryGetValue(domains.Constraint.TopologyKey, out var value))
                {
                    return NoLabel;
                }

                var own = domains.Constraint.Selector.Matches(_pod.Labels) ? 1 : 0;
                if (domains.Pods.GetValueOrDefault(value) + own - domains.Fewest > domains.Constraint.MaxSkew)
                {
                    return Skewed;
                }
            }

            return null;
        }

        public void Count(PodInfo other, NodeInfo node, int change)
        {
            if (!Array.TrueForAll(_hard, d => node.Labels.ContainsKey(d.Constraint.TopologyKey)))
            {
                return;
            }

            foreach (var domains in _hard)
            {
                if (domains.Constraint.Includes(_pod, node) && Counts(domains.Constraint, other))
                {
                    domains.Add(node, change);
                }
            }
        }

        /// <summary>
        /// The fewer pods a node's domains have, the better; domains count by the logarithm of how many there are. A
        /// node that lacks one of the labels gets nothing.
        /// </summary>
        public int[]? Score(ReadOnlySpan<NodeInfo> candidates)
        {
            if (_soft.Length == 0)
            {
                return null;
            }

            var nodes = candidates.ToArray();
            var labelled = nodes.Where(HasAllKeys).ToArray();
            var domains = Count(_soft, _nodes);
            var raw = new double[nodes.Length];
            for (var c = 0; c < _soft.Length; c++)
            {
                var key = _soft[c].TopologyKey;
                var size = key == Hostname
                    ? labelled.Length
                    : labelled.Select(n => n.Labels[key]).Distinct(StringComparer.Ordinal).Count();
                for (var i = 0; i < nodes.Length; i++)
                {
                    if (nodes[i].Labels.TryGetValue(key, out var value))
                    {
                        var there = domains[c].Pods.GetValueOrDefault(value);
                        raw[i] += (there * Math.Log(size + 2)) + _soft[c].MaxSkew - 1;
                    }
                }
            }

            return Normalized(nodes, raw);
        }

        private int[] Normalized(NodeInfo[] nodes, double[] raw)
        {
            var scores = new long[nodes.Length];
            var (lowest, highest) = (long.MaxValue, 0L);
            for (var i = 0; i < nodes.Length; i++)
            {
                scores[i] = (long)Math.Round(raw[i], MidpointRounding.AwayFromZero);
                if (HasAllKeys(nodes[i]))
                {
                    (lowest, highest) = (Math.Min(lowest, scores[i]), Math.Max(highest, scores[i]));
                }
            }

            return [.. nodes.Select((node, i) =>
                !HasAllKeys(node) ? 0 : highest == 0 ? 100 : (int)(100 * (highest + lowest - scores[i]) / highest))];
        }

        private bool HasAllKeys(NodeInfo node) => Array.TrueForAll(_soft, c => node.Labels.ContainsKey(c.TopologyKey));

        /// <summary>
        /// Pods by domain, for constraints that are looked at together: a node must have all their labels.
        /// </summary>
        private Domains[] Count(SpreadConstraint[] constraints, NodeInfo[] nodes)
        {
            var all = Array.ConvertAll(constraints, c => new Domains(c));
            var counted = nodes
                .Where(n => Array.TrueForAll(constraints, c => n.Labels.ContainsKey(c.TopologyKey)))
                .ToHashSet();
            foreach (var domains in all)
            {
                var included = counted.Where(n => domains.Constraint.Includes(_pod, n)).ToHashSet();
                foreach (var node in included)
                {
                    domains.Pods.TryAdd(node.Labels[domains.Constraint.TopologyKey], 0);
                }

                foreach (var (other, node) in _placed.All)
                {
                    if (included.Contains(node) && Counts(domains.Constraint, other))
                    {
                        domains.Add(node, 1);
                    }
                }
            }

            return all;
        }

        /// <summary>A selector that selects everything counts nobody, as upstream has it.</summary>
        private bool Counts(SpreadConstraint constraint, PodInfo other) => !other.IsDeleting
            && !constraint.Selector.IsEverything
            && other.Key.Namespace == _pod.Key.Namespace
            && constraint.Selector.Matches(other.Labels);
    }

    /// <summary>How many pods are in each domain of a constraint.</summary>
    private sealed record Domains(SpreadConstraint Constraint)
    {
        private int? _fewest;

        public Dictionary<string, int> Pods { get; } = new(StringComparer.Ordinal);

        public int Fewest => _fewest ??= Pods.Count < Constraint.MinDomains || Pods.Count == 0 ? 0 : Pods.Values.Min();

        public void Add(NodeInfo node, int pods)
        {
            Pods[node.Labels[Constraint.TopologyKey]] += pods;
            _fewest = null;
        }
    }
}
