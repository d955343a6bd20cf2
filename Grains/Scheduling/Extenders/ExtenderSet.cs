using Microsoft.Extensions.Logging;

namespace OrleansOrchestrator.Grains.Scheduling.Extenders;

/// <summary>
/// All extenders of a scheduler. Those that may be done without come last, as upstream has it; what they fail to say is
/// passed over.
/// </summary>
internal sealed partial class ExtenderSet : IDisposable
{
    /// <summary>What pods are rejected by; anything that happens may help them.</summary>
    public const string Name = "Extender";

    /// <summary>Extenders score up to 10, plugins up to 100.</summary>
    private const int ScoreFactor = 10;

    private readonly HttpExtender[] _extenders;
    private readonly ILogger _logger;

    public ExtenderSet(IEnumerable<ExtenderSettings> settings, TimeProvider time, ILogger logger)
    {
        _extenders = [.. settings.OrderBy(static s => s.IsIgnorable).Select(s => new HttpExtender(s, time))];
        _logger = logger;
    }

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(_extenders, static e => e.Dispose());

    /// <summary>True for a pod that is no extender's business.</summary>
    public bool HasNoneFor(PodInfo pod) => !Array.Exists(_extenders, e => e.IsInterested(pod));

    /// <summary>Asks one after the other, each about the nodes that the one before left.</summary>
    public async Task<ExtenderFilter> FilterAsync(
        PodInfo pod, NodeInfo[] nodes, CancellationToken cancellationToken)
    {
        var rejected = new Dictionary<NodeInfo, Verdict>();
        foreach (var extender in For(pod, static s => s.FilterVerb))
        {
            if (nodes.Length == 0)
            {
                break;
            }

            var (answer, error) = await extender.FilterAsync(pod, nodes, cancellationToken);
            var left = error is null ? Left(extender, nodes, answer, out error) : [];
            if (error is null)
            {
                Reject(nodes, answer, rejected);
                nodes = left;
            }
            else if (!IsPassedOver(extender, error))
            {
                return new ExtenderFilter([], rejected, error);
            }
        }

        return new ExtenderFilter(nodes, rejected);
    }

    /// <summary>Weighted sums by place; of an extender that fails nothing.</summary>
    public async Task<long[]> ScoreAsync(PodInfo pod, NodeInfo[] nodes, CancellationToken cancellationToken)
    {
        var asked = For(pod, static s => s.PrioritizeVerb).ToList();
        var answers = await Task.WhenAll(asked.Select(e => e.PrioritizeAsync(pod, nodes, cancellationToken)));
        var sums = new long[nodes.Length];
        var places = nodes.Index().ToDictionary(static n => n.Item.Name, static n => n.Index, StringComparer.Ordinal);
        foreach (var (extender, (answer, error)) in asked.Zip(answers))
        {
            if (error is not null)
            {
                LogPassedOver(extender.Settings.UrlPrefix, error);
            }

            foreach (var priority in (answer ?? []).OfType<HostPriority>())
            {
                if (places.TryGetValue(priority.Host ?? "", out var place))
                {
                    sums[place] += priority.Score * extender.Settings.Weight * ScoreFactor;
                }
            }
        }

        return sums;
    }

    /// <summary>Where room may be made, and by whose removal; or what ended the search.</summary>
    /// <param name="pod">Fits nowhere.</param>
    /// <param name="candidates">Where the scheduler could make room.</param>
    /// <param name="find">A node by name.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<(IReadOnlyList<PreemptionCandidate> Candidates, string? Error)> PreemptAsync(
        PodInfo pod,
        IReadOnlyList<PreemptionCandidate> candidates,
        Func<string, NodeInfo?> find,
        CancellationToken cancellationToken)
    {
        foreach (var extender in For(pod, static s => s.PreemptVerb))
        {
            if (candidates.Count == 0)
            {
                break;
            }

            var (answer, error) = await extender.PreemptAsync(pod, candidates, cancellationToken);
            var left = error is null ? Victims(extender, answer, find, out error) : [];
            if (error is null)
            {
                candidates = left;
            }
            else if (!IsPassedOver(extender, error))
            {
                return ([], error);
            }
        }

        return (candidates, null);
    }

    /// <summary>Whether an extender has bound the pod, or tried to in vain.</summary>
    public async Task<(bool IsTheirs, string? Error)> BindAsync(
        PodInfo pod, string nodeName, CancellationToken cancellationToken)
    {
        foreach (var extender in For(pod, static s => s.BindVerb))
        {
            var error = await extender.BindAsync(pod, nodeName, cancellationToken);
            if (error is null || !IsPassedOver(extender, error))
            {
                return (true, error);
            }
        }

        return (false, null);
    }

    private IEnumerable<HttpExtender> For(PodInfo pod, Func<ExtenderSettings, string> verb) =>
        _extenders.Where(e => verb(e.Settings).Length > 0 && e.IsInterested(pod));

    private bool IsPassedOver(HttpExtender extender, string error)
    {
        if (extender.Settings.IsIgnorable)
        {
            LogPassedOver(extender.Settings.UrlPrefix, error);
        }

        return extender.Settings.IsIgnorable;
    }

    /// <summary>Names and whole nodes are both understood from whoever knows the nodes.</summary>
    private static NodeInfo[] Left(HttpExtender extender, NodeInfo[] nodes, FilterAnswer answer, out string? error)
    {
        var names = extender.Settings.KnowsNodes && answer.NodeNames is { } byName
            ? byName
            : (answer.Nodes?.Items ?? []).Select(static n => n?.Metadata?.Name);
        var (known, left) = (nodes.ToDictionary(static n => n.Name, StringComparer.Ordinal), new List<NodeInfo>());
        foreach (var name in names.Select(static n => n ?? "").Distinct(StringComparer.Ordinal))
        {
            if (!known.TryGetValue(name, out var node))
            {
                error = $"extender \"{extender.Settings.UrlPrefix}\" claims a filtered node \"{name}\" " +
                    "which is not found in the input node list";
                return [];
            }

            left.Add(node);
        }

        error = null;
        return [.. left];
    }

    private static void Reject(NodeInfo[] nodes, FilterAnswer answer, Dictionary<NodeInfo, Verdict> rejected)
    {
        foreach (var node in nodes)
        {
            if (answer.FailedAndUnresolvableNodes?.TryGetValue(node.Name, out var final) == true)
            {
                rejected[node] = new Verdict(Name, false, final ?? "");
            }
            else if (answer.FailedNodes?.TryGetValue(node.Name, out var reason) == true)
            {
                rejected[node] = new Verdict(Name, true, reason ?? "");
            }
        }
    }

    /// <summary>An extender that may be done without says of a node without victims that it is none.</summary>
    private static List<PreemptionCandidate> Victims(
        HttpExtender extender, PreemptionAnswer? answer, Func<string, NodeInfo?> find, out string? error)
    {
        var candidates = new List<PreemptionCandidate>();
        foreach (var (name, said) in answer?.NodeNameToMetaVictims ?? new Dictionary<string, VictimsAnswer?>())
        {
            var node = find(name);
            var victims = (said?.Pods ?? []).Select(v => node?.Pods.Find(p => p.Uid == v?.Uid)).ToArray();
            var missing = Array.IndexOf(victims, null);
            error = node is null ? $"nodeinfo not found for node name \"{name}\""
                : missing >= 0 ? NotThere(extender, said!.Pods![missing], name)
                : victims.Length == 0 && !extender.Settings.IsIgnorable ? PreemptionCandidate.NoVictims(name)
                : null;
            if (error is not null)
            {
                return [];
            }

            if (victims.Length > 0)
            {
                candidates.Add(new PreemptionCandidate(node!, victims!, said!.Violations));
            }
        }

        error = null;
        return candidates;
    }

    private static string NotThere(HttpExtender extender, VictimAnswer? victim, string node) =>
        $"extender: {extender.Settings.UrlPrefix} claims to preempt pod (UID: {victim?.Uid}) on node: {node}, " +
        "but the pod is not found on that node";

    [LoggerMessage(Level = LogLevel.Information, Message = "extender {Extender} failed, and is passed over: {Error}")]
    private partial void LogPassedOver(string extender, string error);
}
