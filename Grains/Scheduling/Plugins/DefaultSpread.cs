using OrleansOrchestrator.Grains.Scheduling.Framework;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>
/// Spreads pods that ask for nothing themselves: those of one Service or set over hosts, and less strictly over zones.
/// Nodes without a zone take part.
/// </summary>
internal sealed class DefaultSpread(ClusterTables tables)
{
    private const int HostSkew = 3;
    private const int ZoneSkew = 5;

    /// <summary>Null when the pod is not one of any Service or set.</summary>
    public IPodRelations? Prepare(PodInfo pod, NodeInfo[] nodes) => tables.Owners.Of(pod) is { } selector
        ? new Relations(pod, nodes, tables.Groups.Get(pod.Key.Namespace, selector, tables.Placed))
        : null;

    private sealed class Relations(PodInfo pod, NodeInfo[] nodes, SpreadGroup group) : IPodRelations
    {
        public Verdict? Filter(NodeInfo node) => null;

        public void Count(PodInfo other, NodeInfo node, int change)
        {
            // What is only preferred keeps no pod from a node, so it does not matter in a trial.
        }

        public int[]? Score(ReadOnlySpan<NodeInfo> candidates)
        {
            var zones = Zones(candidates);
            var (hostWeight, zoneWeight) = (Math.Log(candidates.Length + 2), Math.Log(zones.Count + 2));
            var scores = new int[candidates.Length];
            var (lowest, highest) = (int.MaxValue, 0);
            for (var i = 0; i < scores.Length; i++)
            {
                var node = candidates[i];
                var raw = node.HasHostname ? (group.On(node) * hostWeight) + HostSkew - 1 : 0;
                raw += node.TopologyZone.Length > 0 ? (zones[node.TopologyZone] * zoneWeight) + ZoneSkew - 1 : 0;
                scores[i] = (int)Math.Round(raw, MidpointRounding.AwayFromZero);
                (lowest, highest) = (Math.Min(lowest, scores[i]), Math.Max(highest, scores[i]));
            }

            return lowest == highest ? null : Normalized(scores, lowest, highest);
        }

        private static int[] Normalized(int[] scores, int lowest, int highest)
        {
            for (var i = 0; i < scores.Length; i++)
            {
                scores[i] = (int)(100L * (highest + lowest - scores[i]) / highest);
            }

            return scores;
        }

        /// <summary>
        /// The group's pods in each zone of a candidate. Nodes that the pod excludes itself do not count in their zone.
        /// </summary>
        private Dictionary<string, int> Zones(ReadOnlySpan<NodeInfo> candidates)
        {
            var zones = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var node in candidates)
            {
                if (!zones.ContainsKey(node.TopologyZone))
                {
                    zones.Add(node.TopologyZone, pod.SelectsAll ? group.In(node.TopologyZone) : 0);
                }
            }

            if (pod.SelectsAll)
            {
                return zones;
            }

            foreach (var node in nodes)
            {
                if (zones.ContainsKey(node.TopologyZone) && pod.Selects(node))
                {
                    zones[node.TopologyZone] += group.On(node);
                }
            }

            return zones;
        }
    }
}
