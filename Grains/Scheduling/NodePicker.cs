using OrleansOrchestrator.Grains.Scheduling.Extenders;
using OrleansOrchestrator.Grains.Scheduling.Framework;
using OrleansOrchestrator.Grains.Scheduling.Plugins;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// Finds the best node for a pod: filters until enough nodes fit, scores those, and takes one of the best at random.
/// </summary>
/// <remarks>
/// A result holds for a (shape, node version) pair, and placing a pod moves one node's version. So among pods of one
/// shape all but one node's results are at hand, and a pod costs a scan over two arrays instead of running every plugin
/// on every node; nothing is allocated.
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
    private readonly ExtensionTimes _times;
    private readonly int _percentageOfNodesToScore;
    private readonly IPreFilterPlugin[] _preFilters;
    private readonly IFilterPlugin[] _filters;
    private readonly IRelationPlugin[] _relationPlugins;
    private readonly IScorePlugin[] _fixedScores;
    private readonly IScorePlugin[] _scaledScores;
    private readonly int[] _highest;
    private readonly ShapeCache _cache;
    private readonly List<(IPodRelations Said, IRelationPlugin Plugin)> _relations = [];

    /// <summary>What others reject of the pod at hand, by slot: rules about other pods, and nominated pods.</summary>
    private readonly Dictionary<int, Verdict> _related = [];

    /// <summary>Of a pod of which more counts than its shape, which no other pod can share.</summary>
    private readonly ShapeResults _single;
    private NodeInfo[] _candidates = [];
    private NodeInfo[] _tried = [];
    private ShapeResults _results;
    private int _first;
    private int _visited;
    private int _start;
    private string? _error;

    /// <param name="plugins">What decides.</param>
    /// <param name="nodes">The cluster.</param>
    /// <param name="tables">What is known beside the nodes.</param>
    /// <param name="trial">Told of the pod at hand, and used to look at nodes beside nominated pods.</param>
    /// <param name="random">Breaks ties.</param>
    /// <param name="percentageOfNodesToScore">0 chooses by cluster size: 50 % less 1 % per 125 nodes.</param>
    /// <param name="times">Measures how long plugins take; null for nobody.</param>
    public NodePicker(
        PluginSet plugins,
        NodeTable nodes,
        ClusterTables tables,
        NodeTrial trial,
        Random random,
        int percentageOfNodesToScore = 0,
        ExtensionTimes? times = null)
    {
        _times = times ?? ExtensionTimes.None;
        _plugins = plugins;
        _nodes = nodes;
        _nominated = tables.Nominated;
        _images = tables.Images;
        _devices = tables.Devices;
        _trial = trial;
        _random = random;
        _percentageOfNodesToScore = percentageOfNodesToScore;
        _preFilters = [.. plugins.PreFilters];
        _filters = [.. plugins.Filters];
        _relationPlugins = [.. plugins.Relations];
        _fixedScores = [.. plugins.Scores.Where(s => s.Scale == ScoreScale.None)];
        _scaledScores = [.. plugins.Scores.Where(s => s.Scale != ScoreScale.None)];
        _highest = new int[_scaledScores.Length];
        _cache = new ShapeCache(_scaledScores.Length, CachedShapes);
        _results = _single = new ShapeResults(_scaledScores.Length);
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
    public NodeInfo? Pick(PodInfo pod, NodeInfo? nominated, out Diagnosis? diagnosis) =>
        Find(pod, nominated, out diagnosis) is { Length: > 0 } found ? Best(found) : null;

    /// <summary>The nodes that plugins let through, to be looked at before the next search; without any, why.</summary>
    internal ReadOnlySpan<NodeInfo> Find(PodInfo pod, NodeInfo? nominated, out Diagnosis? diagnosis)
    {
        var (order, started) = (_nodes.Order, _times.Begin());
        if (PreFilter(pod, out var confined) is var (plugin, rejection))
        {
            _times.Ended(ExtensionPoints.PreFilter, PluginStatus.Of(rejection), started);
            diagnosis = new Diagnosis(order.Length);
            diagnosis.RejectAll(rejection, mayPreempt: ReferenceEquals(plugin, _plugins.Devices));
            return [];
        }

        _tried = confined is null ? order : Named(confined);
        Relate(pod, order);
        started = _times.Ended(ExtensionPoints.PreFilter, PluginStatus.Success, started);
        _results = MayShare(pod, confined) ? Shared(pod.Shape) : Single();
        if (nominated is { Exists: true } && confined?.Contains(nominated.Name) != false
            && Fits(pod, nominated, _results))
        {
            _times.Ended(ExtensionPoints.Filter, PluginStatus.Success, started);
            diagnosis = null;
            Reserve(1);
            _candidates[0] = nominated;
            return _candidates.AsSpan(0, 1);
        }

        var count = Filter(pod, _tried, _results, order.Length);
        _times.Ended(ExtensionPoints.Filter, _error is null ? PluginStatus.Success : PluginStatus.Error, started);
        diagnosis = _error is not null ? new Diagnosis(order.Length) { Error = _error }
            : count == 0 ? Diagnose()
            : null;
        return diagnosis is null ? _candidates.AsSpan(0, count) : [];
    }

    /// <summary>Who rejects a pod before nodes are looked at, and why; null when nobody does.</summary>
    private (IPreFilterPlugin Plugin, Verdict Rejection)? PreFilter(
        PodInfo pod, out IReadOnlyCollection<string>? confined)
    {
        confined = null;
        foreach (var plugin in _preFilters)
        {
            var started = _times.PluginBegins();
            var result = plugin.PreFilter(pod);
            _times.PluginEnded(
                plugin.Name, ExtensionPoints.PreFilter, PluginStatus.Of(result.Rejection), started);
            if (result.Rejection is { } rejection)
            {
                return (plugin, rejection);
            }

            confined = confined is not null && result.NodeNames is { } names
                ? [.. confined.Intersect(names, StringComparer.Ordinal)]
                : result.NodeNames ?? confined;
        }

        return null;
    }

    /// <summary>
    /// Whether what is found out holds for all pods of the shape. Of <see cref="PodInfo.OnlyNode"/>, which the shape
    /// does not tell, no other node may be asked.
    /// </summary>
    private bool MayShare(PodInfo pod, IReadOnlyCollection<string>? confined) =>
        pod.Claims.Length == 0 && pod.Disks.Length == 0 && !_devices.HasExtended(pod)
        && (pod.OnlyNode.Length == 0 || (confined is { Count: 1 } && confined.Contains(pod.OnlyNode)));

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

    private NodeInfo[] Named(IReadOnlyCollection<string> names)
    {
        var found = new List<NodeInfo>(names.Count);
        foreach (var name in names)
        {
            if (_nodes.Find(name) is { Exists: true } node)
            {
                found.Add(node);
            }
        }

        found.Sort(static (a, b) => a.Slot.CompareTo(b.Slot));
        return [.. found];
    }

    private int Filter(PodInfo pod, NodeInfo[] tried, ShapeResults results, int allNodes)
    {
        var wanted = FeasibleNodesToFind(tried.Length, _percentageOfNodesToScore);
        Reserve(wanted);
        var (found, visited) = (0, 0);
        var index = _first = tried.Length == 0 ? 0 : _start % tried.Length;
        for (; visited < tried.Length && found < wanted && _error is null; visited++)
        {
            var node = tried[index];
            index = index + 1 == tried.Length ? 0 : index + 1;
            if (Fits(pod, node, results))
            {
                _candidates[found++] = node;
            }
        }

        _visited = visited;
        _start = allNodes == 0 ? 0 : (_start + visited) % allNodes;
        return found;
    }

    private void Reserve(int candidates)
    {
        if (_candidates.Length < candidates)
        {
            _candidates = new NodeInfo[candidates];
        }
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
        foreach (var plugin in _relationPlugins)
        {
            var started = _times.PluginBegins();
            var prepared = plugin.Prepare(pod, nodes);
            _times.PluginEnded(plugin.Name, ExtensionPoints.PreFilter, PluginStatus.Success, started);
            if (prepared is { } said)
            {
                _relations.Add((said, plugin));
                _trial.Heed(said);
            }
        }
    }

    private bool IsRelatedWell(NodeInfo node)
    {
        foreach (var (said, plugin) in _relations)
        {
            if ((_times.IsSampled ? _times.Filter(said, plugin.Name, node) : said.Filter(node)) is { } verdict)
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
            verdict = _times.IsSampled ? _times.Filter(filter, pod, node) : filter.Filter(pod, node);
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
            sum += score.Weight * Score(score, pod.Shape, node);
        }

        results.Fixed[node.Slot] = sum;
        for (var i = 0; i < _scaledScores.Length; i++)
        {
            results.Scaled[i][node.Slot] = Score(_scaledScores[i], pod.Shape, node);
        }
    }

    private int Score(IScorePlugin plugin, PodShape shape, NodeInfo node) =>
        _times.IsSampled ? _times.Score(plugin, shape, node) : plugin.Score(shape, node);

    /// <summary>The best of the nodes that were found.</summary>
    /// <param name="candidates">They, or some of them.</param>
    /// <param name="more">Scores beside those of plugins, by place; null for none.</param>
    internal NodeInfo Best(ReadOnlySpan<NodeInfo> candidates, long[]? more = null)
    {
        if (candidates.Length == 1)
        {
            return candidates[0];
        }

        var started = _times.Now();
        FindHighest(candidates);
        var related = RelationScores(candidates);
        var (best, ties, bestScore) = (candidates[0], 0, long.MinValue);
        for (var c = 0; c < candidates.Length; c++)
        {
            var candidate = candidates[c];
            var score = _results.Fixed[candidate.Slot] + ScaledScore(_results, candidate.Slot)
                + (related?[c] ?? 0) + (more?[c] ?? 0);
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

        Invariant.Check(ties > 0, "one of several candidates is best");
        _times.Ended(ExtensionPoints.Score, PluginStatus.Success, started);
        return best;
    }

    private void FindHighest(ReadOnlySpan<NodeInfo> candidates)
    {
        for (var i = 0; i < _scaledScores.Length; i++)
        {
            _highest[i] = 0;
            var raw = _results.Scaled[i];
            foreach (var candidate in candidates)
            {
                _highest[i] = Math.Max(_highest[i], raw[candidate.Slot]);
            }
        }
    }

    /// <summary>The weighted sums, by place among the candidates; null when no relation prefers any.</summary>
    private int[]? RelationScores(ReadOnlySpan<NodeInfo> candidates)
    {
        int[]? sums = null;
        foreach (var (said, plugin) in _relations)
        {
            var started = _times.PluginBegins();
            var answer = said.Score(candidates);
            _times.PluginEnded(plugin.Name, ExtensionPoints.Score, PluginStatus.Success, started);
            if (answer is { } scores)
            {
                var weight = plugin.Weight;
                sums ??= new int[candidates.Length];
                for (var c = 0; c < sums.Length; c++)
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

    /// <summary>Why no node is left. Nodes that were not looked at do not count.</summary>
    /// <param name="extended">
    /// What extenders said of those that plugins let through, which need not be all; null when none was asked.
    /// </param>
    internal Diagnosis Diagnose(IReadOnlyDictionary<NodeInfo, Verdict>? extended = null)
    {
        var (diagnosis, allNodes) = (new Diagnosis(_nodes.Order.Length), _nodes.Order.Length);
        for (var i = 0; i < _tried.Length; i++)
        {
            var node = _tried[i];
            if ((i - _first + _tried.Length) % _tried.Length < _visited
                && (extended?.GetValueOrDefault(node) ?? _related.GetValueOrDefault(node.Slot)
                    ?? _results.Verdicts[node.Slot]) is { } verdict)
            {
                diagnosis.Reject(node, verdict);
            }
        }

        if (_tried.Length < allNodes)
        {
            diagnosis.Skip(_preFilters[0].Name, allNodes - _tried.Length);
        }

        if (extended is not null)
        {
            diagnosis.Blame(ExtenderSet.Name);
        }

        return diagnosis;
    }
}
