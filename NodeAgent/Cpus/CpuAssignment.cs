using System.Globalization;
using OrleansOrchestrator.NodeAgent.Numa;

namespace OrleansOrchestrator.NodeAgent.Cpus;

/// <summary>
/// Which CPUs a container gets, as a function of the machine and of what is free: upstream's algorithms, with its
/// words for what cannot be. Pure.
/// </summary>
public static class CpuAssignment
{
    private const double Rounding = 1000;

    /// <summary>So many of the free CPUs, as the options want them.</summary>
    /// <exception cref="AllocationException">There are not so many.</exception>
    public static CpuSet Take(CpuTopology topology, CpuSet free, int count, CpuPolicyOptions options) =>
        options.DistributesAcrossNodes
            ? Distributed(topology, free, count, options.WholeCoresOnly ? topology.ThreadsPerCore : 1)
            : Packed(topology, free, count, options.PrefersCaches);

    /// <summary>As close to each other as can be: sockets and nodes are filled before others are begun.</summary>
    /// <exception cref="AllocationException">There are not so many.</exception>
    public static CpuSet Packed(CpuTopology topology, CpuSet free, int count, bool prefersCaches)
    {
        var taking = Begin(topology, free, count);
        if (taking.IsDone)
        {
            return taking.Taken;
        }

        taking.TakeWholeNodesAndSockets();
        if (prefersCaches && !taking.IsDone)
        {
            taking.TakeByCache();
        }

        taking.TakeWholeCores();
        taking.TakeRest();
        return taking.Taken;
    }

    /// <summary>
    /// Where one node is not enough, as many of each of the fewest nodes that can have it so, in groups (KEP-2902).
    /// What cannot be distributed is packed.
    /// </summary>
    /// <exception cref="AllocationException">There are not so many.</exception>
    public static CpuSet Distributed(CpuTopology topology, CpuSet free, int count, int groupSize)
    {
        if (count % groupSize != 0)
        {
            return Packed(topology, free, count, prefersCaches: false);
        }

        var taking = Begin(topology, free, count);
        if (taking.IsDone)
        {
            return taking.Taken;
        }

        var nodes = taking.SortedNodes();
        var size = new Spread(count, groupSize, nodes.ToDictionary(
            static node => node, node => topology.In(free, CpuTopology.Node, node).Count));
        for (var number = size.LeastNodes(topology); number <= size.MostNodes; number++)
        {
            if (size.Best([.. NumaSet.Combinations(nodes, number)]) is { } shares)
            {
                foreach (var (node, share) in shares)
                {
                    taking.Take(Packed(
                        topology, topology.In(taking.Free, CpuTopology.Node, node), share, prefersCaches: false));
                }

                return taking.Taken;
            }
        }

        return Packed(topology, free, count, prefersCaches: false);
    }

    private static CpuAccumulator Begin(CpuTopology topology, CpuSet free, int count) => free.Count >= count
        ? new CpuAccumulator(topology, free, count)
        : throw new AllocationException(string.Create(
            CultureInfo.InvariantCulture,
            $"not enough cpus available to satisfy request: requested={count}, available={free.Count}"));

    /// <summary>How CPUs are spread over nodes.</summary>
    /// <param name="Count">How many are wanted.</param>
    /// <param name="GroupSize">How many come together.</param>
    /// <param name="Free">How many each node has.</param>
    private sealed record Spread(int Count, int GroupSize, IReadOnlyDictionary<int, int> Free)
    {
        private int Groups => (Count - 1) / GroupSize + 1;

        public int MostNodes => Math.Min(Groups, Free.Count);

        public int LeastNodes(CpuTopology topology)
        {
            var groups = (topology.All.Count - 1) / GroupSize + 1;
            return (Groups - 1) / ((groups - 1) / topology.Nodes.Count + 1) + 1;
        }

        /// <summary>
        /// Takings of nodes, in order, after which what is free is as even as can be; null where no choice of nodes has
        /// enough.
        /// </summary>
        public IReadOnlyList<(int Node, int Share)>? Best(IReadOnlyList<IReadOnlyList<int>> choices)
        {
            var (best, least) = (default(IReadOnlyList<(int, int)>), double.MaxValue);
            foreach (var option in choices.Where(IsEnough).SelectMany(Options))
            {
                if (Unevenness(option) is var unevenness && unevenness < least)
                {
                    (best, least) = (option, unevenness);
                }
            }

            return best;
        }

        private bool IsEnough(IReadOnlyList<int> nodes) =>
            nodes.Sum(node => Free[node] / GroupSize) * GroupSize >= Count
            && nodes.All(node => Free[node] >= Even(nodes));

        /// <summary>What each of the nodes gives in any case.</summary>
        private int Even(IReadOnlyList<int> nodes) => Count / nodes.Count / GroupSize * GroupSize;

        /// <summary>
        /// All ways to take what is left over when each node has given the same: from most nodes first.
        /// </summary>
        private IEnumerable<IReadOnlyList<(int Node, int Share)>> Options(IReadOnlyList<int> nodes)
        {
            var even = Even(nodes);
            var rest = Count - even * nodes.Count;
            List<(int, int)> common = [.. nodes.Select(node => (node, even))];
            if (rest == 0)
            {
                return [common];
            }

            List<int> more = [.. nodes.Where(node => Free[node] - even >= GroupSize)];
            return
                from size in Enumerable.Range(1, more.Count).Reverse()
                from subset in NumaSet.Combinations(more, size)
                where subset.Sum(node => (Free[node] - even) / GroupSize) * GroupSize >= rest
                select (IReadOnlyList<(int, int)>)[.. common, .. Rest(subset, even, rest)];
        }

        private IEnumerable<(int Node, int Share)> Rest(IReadOnlyList<int> nodes, int even, int rest)
        {
            var left = nodes.ToDictionary(static node => node, node => Free[node] - even);
            while (rest > 0)
            {
                foreach (var node in nodes.Where(node => left[node] >= GroupSize).TakeWhile(_ => rest > 0))
                {
                    left[node] -= GroupSize;
                    rest -= GroupSize;
                    yield return (node, GroupSize);
                }
            }
        }

        /// <summary>The standard deviation of what is free afterwards, in thousandths.</summary>
        private double Unevenness(IReadOnlyList<(int Node, int Share)> takings)
        {
            var taken = takings.ToLookup(static t => t.Node, static t => t.Share);
            List<double> left = [.. Free.Select(node => (double)(node.Value - taken[node.Key].Sum()))];
            var mean = Round(left.Average());
            return Round(Math.Sqrt(left.Average(own => (own - mean) * (own - mean))));
        }

        private static double Round(double value) =>
            Math.Round(value * Rounding, MidpointRounding.AwayFromZero) / Rounding;
    }
}
