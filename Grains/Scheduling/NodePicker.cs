using OrleansOrchestrator.Grains.Scheduling.Plugins;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// Finds the best node for a pod: filters until enough nodes fit, scores those, and takes one of the best at random.
/// </summary>
/// <remarks>
/// A result holds for a (shape, node version) pair, and placing a pod moves one node's version. So among pods of one
/// shape all but one node's
/// results are at hand, and a pod costs a scan over two arrays instead of running every plugin on every node; nothing
/// is allocated.
/// </remarks>
public sealed class NodePicker
{
    /// <summary>
    /// In smaller clusters every node is looked at; in larger ones at least this many fitting nodes are sought.
    /// </summary>
    public const int MinFeasibleNodes = 100;

    private const int MinPercentage = 5;
    private const int MaxScore = 100;

    /// <summary>Shapes that have result tables at one time.</summary>
    private const int CachedShapes = 256;

    private readonly PluginSet _plugins;
    private readonly NodeTable _nodes;
    private readonly NominatedPods _nominated;
    private readonly ImageTable _images;
    private readonly DeviceTable _devices;
    private readonly NodeTrial _trial;
    private readonly Random _random;
    private readonly int _percentageOfNodesToScore;
    private readonly IFilterPlugin[] _filters;
    private readonly IScorePlugin[] _fixedScores;
    private readonly IScorePlugin[] _scaledScores;
    private readonly int[] _highest;
    private readonly ShapeCache _cache;
    private readonly List<(IPodRelations Said, int Weight)> _relations = [];

    /// <summary>What others reject of the pod at hand, by slot: rules about other pods, and nominated pods.</summary>
    private readonly Dictionary<int, Verdict> _related = [];

    /// <summary>Of a pod with claims, disks or devices, which no other pod can share.</summary>
    private readonly ShapeResults _single;
    private NodeInfo[] _candidates = [];
    private int _start;
    private string? _error;

    /// <param name="plugins">What decides.</param>
    /// <param name="nodes">The cluster.</param>
    /// <param name="tables">What is known beside the nodes.</param>
    /// <param name="trial">Told of the pod at hand, and used to look at nodes beside nominated pods.</param>
    /// <param name="random">Breaks ties.</param>
    /// <param name="percentageOfNodesToScore">0 chooses by cluster size: 50 % less 1 % per 125 nodes.</param>
    public NodePicker(
        PluginSet plugins,
        NodeTable nodes,
        ClusterTables tables,
        NodeTrial trial,
        Random random,
        int percentageOfNodesToScore = 0)
    {
        _plugins = plugins;
        _nodes = nodes;
        _nominated = tables.Nominated;
        _images = tables.Images;
        _devices = tables.Devices;
        _trial = trial;
        _random = random;
        _percentageOfNodesToScore = percentageOfNodesToScore;
        _filters = [.. plugins.Filters];
        _fixedScores = [.. plugins.Scores.Where(s => s.Scale == ScoreScale.None)];
        _scaledScores = [.. plugins.Scores.Where(s => s.Scale != ScoreScale.None)];
        _highest = new int[_scaledScores.Length];
        _cache = new ShapeCache(_scaledScores.Length, CachedShapes);
        _single = new ShapeResults(_scaledScores.Length);
    }

    /// <summary>How many fitting nodes end the search.</summary>
    public static int FeasibleNodesToFind(int nodes, int percentage)
    {
        if (nodes < MinFeasibleNodes)
        {
            return nodes;
        }

        var share = percentage > 0 ? percentage : Math.Max(MinPercentage, 50 - (nodes / 125));
        return Math.Max(MinFeasibleNodes, nodes * share / 100);
    }

    /// <summary>The node, or null and why.</summary>
    /// <param name="pod">Looks for a node.</param>
    /// <param name="nominated">Where it is to go if it can, whatever else there is.</param>
    /// <param name="diagnosis">Null with a node.</param>
    public NodeInfo? Pick(PodInfo pod, NodeInfo? nominated, out Diagnosis? diagnosis)
    {
        var order = _nodes.Order;
        var confined = default(HashSet<string>);
        foreach (var plugin in _plugins.PreFilters)
        {
            var result = plugin.PreFilter(pod);
            if (result.Rejection is { } rejection)
            {
                diagnosis = new Diagnosis(order.Length);
                diagnosis.RejectAll(rejection, mayPreempt: ReferenceEquals(plugin, _plugins.Devices));
                return null;
            }

            confined = result.NodeNames ?? confined;
        }

        var tried = confined is null ? order : Named(confined);
        Relate(pod, order);
        var results = pod.Claims.Length == 0 && pod.Disks.Length == 0 && !_devices.HasExtended(pod)
            ? Shared(pod.Shape)
            : Single();
        if (nominated is { Exists: true } && Fits(pod, nominated, results))
        {
            diagnosis = null;
            return nominated;
        }

        var count = Filter(pod, tried, results, order.Length);
        if (_error is not null)
        {
            diagnosis = new Diagnosis(order.Length) { Error = _error };
            return null;
        }

        if (count == 0)
        {
            diagnosis = Diagnose(results, tried, order.Length);
            return null;
        }

        diagnosis = null;
        return count == 1 ? _candidates[0] : Best(results, count);
    }

    private ShapeResults Shared(PodShape shape)
    {
        var results = _cache.Get(shape, _nodes.SlotCount);
        if (results.Images != _images.Version)
        {
            results.Images = _images.Version;
            Array.Clear(results.Versions);
        }

        return results;
    }

    private ShapeResults Single()
    {
        _single.Reserve(_nodes.SlotCount);
        Array.Clear(_single.Versions);
        return _single;
    }

    private NodeInfo[] Named(HashSet<string> names) =>
        [.. names.Select(_nodes.Find).OfType<NodeInfo>().Where(n => n.Exists).OrderBy(n => n.Slot)];

    private int Filter(PodInfo pod, NodeInfo[] tried, ShapeResults results, int allNodes)
    {
        var wanted = FeasibleNodesToFind(tried.Length, _percentageOfNodesToScore);
        if (_candidates.Length < wanted)
        {
            _candidates = new NodeInfo[wanted];
        }

        var (found, visited) = (0, 0);
        var index = tried.Length == 0 ? 0 : _start % tried.Length;
        for (; visited < tried.Length && found < wanted && _error is null; visited++)
        {
            var node = tried[index];
            index = index + 1 == tried.Length ? 0 : index + 1;
            if (Fits(pod, node, results))
            {
                _candidates[found++] = node;
            }
        }

        _start = allNodes == 0 ? 0 : (_start + visited) % allNodes;
        return found;
    }

    private bool Fits(PodInfo pod, NodeInfo node, ShapeResults results)
    {
        if (results.Versions[node.Slot] != node.Version)
        {
            Evaluate(pod, node, results);
        }

        return _nominated.IsEmpty || _nominated.Before(pod, node.Name) is null
            ? results.Verdicts[node.Slot] is null && IsRelatedWell(node)
            : FitsBeside(node);
    }

    private bool FitsBeside(NodeInfo node)
    {
        if (_trial.Check(node) is not { } verdict)
        {
            return true;
        }

        Note(node, verdict);
        return false;
    }

    private void Note(NodeInfo node, Verdict verdict)
    {
        _related[node.Slot] = verdict;
        _error = verdict.IsError
            ? $"running \"{verdict.Plugin}\" filter plugin: {verdict.Reasons[0]}"
            : _error;
    }

    private void Relate(PodInfo pod, NodeInfo[] nodes)
    {
        _error = null;
        _relations.Clear();
        _related.Clear();
        _trial.Begin(pod);
        foreach (var plugin in _plugins.Relations)
        {
            if (plugin.Prepare(pod, nodes) is { } said)
            {
                _relations.Add((said, plugin.Weight));
                _trial.Heed(said);
            }
        }
    }

    private bool IsRelatedWell(NodeInfo node)
    {
        foreach (var (said, _) in _relations)
        {
            if (said.Filter(node) is { } verdict)
            {
                Note(node, verdict);
                return false;
            }
        }

        return true;
    }

    private void Evaluate(PodInfo pod, NodeInfo node, ShapeResults results)
    {
        results.Versions[node.Slot] = node.Version;
        Verdict? verdict = null;
        foreach (var filter in _filters)
        {
            verdict = filter.Filter(pod, node);
            if (verdict is not null)
            {
                break;
            }
        }

        results.Verdicts[node.Slot] = verdict;
        if (verdict is not null)
        {
            return;
        }

        var sum = 0;
        foreach (var score in _fixedScores)
        {
            sum += score.Weight * score.Score(pod.Shape, node);
        }

        results.Fixed[node.Slot] = sum;
        for (var i = 0; i < _scaledScores.Length; i++)
        {
            results.Scaled[i][node.Slot] = _scaledScores[i].Score(pod.Shape, node);
        }
    }

    private NodeInfo Best(ShapeResults results, int count)
    {
        for (var i = 0; i < _scaledScores.Length; i++)
        {
            _highest[i] = 0;
            var raw = results.Scaled[i];
            for (var c = 0; c < count; c++)
            {
                _highest[i] = Math.Max(_highest[i], raw[_candidates[c].Slot]);
            }
        }

        var related = RelationScores(count);
        var (best, ties, bestScore) = (_candidates[0], 0, int.MinValue);
        for (var c = 0; c < count; c++)
        {
            var candidate = _candidates[c];
            var score = results.Fixed[candidate.Slot] + ScaledScore(results, candidate.Slot) + (related?[c] ?? 0);
            if (score > bestScore)
            {
                (best, ties, bestScore) = (candidate, 1, score);
            }
            else if (score == bestScore && _random.Next(++ties) == 0)
            {
                // The n-th of equals replaces the choice with probability 1/n: all are equally likely in the end.
                best = candidate;
            }
        }

        Invariant.Check(bestScore > int.MinValue, "one of several candidates is best");
        return best;
    }

    /// <summary>The weighted sums, by place among the candidates; null when no relation prefers any.</summary>
    private int[]? RelationScores(int count)
    {
        int[]? sums = null;
        foreach (var (said, weight) in _relations)
        {
            if (said.Score(_candidates.AsSpan(0, count)) is { } scores)
            {
                sums ??= new int[count];
                for (var c = 0; c < count; c++)
                {
                    sums[c] += weight * scores[c];
                }
            }
        }

        return sums;
    }

    private int ScaledScore(ShapeResults results, int slot)
    {
        var sum = 0;
        for (var i = 0; i < _scaledScores.Length; i++)
        {
            // Where nobody scores, the scaled score is the same for all, and cannot matter.
            if (_highest[i] > 0)
            {
                var share = (int)((long)MaxScore * results.Scaled[i][slot] / _highest[i]);
                var isReversed = _scaledScores[i].Scale == ScoreScale.ToHighestReversed;
                sum += _scaledScores[i].Weight * (isReversed ? MaxScore - share : share);
            }
        }

        return sum;
    }

    private Diagnosis Diagnose(ShapeResults results, NodeInfo[] tried, int allNodes)
    {
        var diagnosis = new Diagnosis(allNodes);
        foreach (var node in tried)
        {
            diagnosis.Reject(node, _related.GetValueOrDefault(node.Slot) ?? results.Verdicts[node.Slot]!);
        }

        if (tried.Length < allNodes)
        {
            diagnosis.Skip(_plugins.PreFilters[0].Name, allNodes - tried.Length);
        }

        return diagnosis;
    }
}
