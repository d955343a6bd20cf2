using System.Globalization;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Why a pod fits no node, and upstream's words for it.</summary>
public sealed class Diagnosis(int nodeCount)
{
    /// <summary>Said when there are no nodes at all.</summary>
    public const string NoNodes = "no nodes available to schedule pods";

    /// <summary>Said of pods without ResourceClaims.</summary>
    public const string NothingToDeallocate = "no new claims to deallocate";

    private readonly RejectedNodes _reasons = new(nodeCount);
    private readonly HashSet<string> _plugins = new(StringComparer.Ordinal);
    private readonly List<NodeInfo> _resolvable = [];
    private string? _preFilter;
    private bool _mayPreempt = true;

    /// <summary>What went wrong when the pod was judged: nothing is known of nodes then.</summary>
    public string? Error { get; init; }

    /// <summary>Plugins that rejected the pod somewhere: only changes that they care about can help.</summary>
    public IReadOnlySet<string> RejectedBy => _plugins;

    /// <summary>Nodes where the pod might fit without some of the pods that are there.</summary>
    public IReadOnlyList<NodeInfo> Resolvable => _resolvable;

    /// <summary>True when nodes were looked at.</summary>
    public bool HasTriedNodes => nodeCount > 0 && _preFilter is null;

    /// <summary>True when upstream thinks of removing pods, however little that may help.</summary>
    public bool MayPreempt => nodeCount > 0 && _mayPreempt;

    /// <summary>Every node is out for one reason that was found without looking at nodes.</summary>
    /// <param name="verdict">The reason.</param>
    /// <param name="mayPreempt">
    /// False when a plugin found it that comes before the one that deallocates claims, which then knows nothing of the
    /// pod and ends upstream's search.
    /// </param>
    public void RejectAll(Verdict verdict, bool mayPreempt = false)
    {
        _mayPreempt = mayPreempt;
        _preFilter = verdict.Reasons[0];
        _plugins.Add(verdict.Plugin);
    }

    public void Reject(NodeInfo node, Verdict verdict)
    {
        _plugins.Add(verdict.Plugin);
        _reasons.Add(verdict);
        if (verdict.IsResolvable)
        {
            _resolvable.Add(node);
        }
    }

    /// <summary>Nodes that were not tried because a plugin confines the pod to others.</summary>
    public void Skip(string plugin, int nodes)
    {
        _plugins.Add(plugin);
        _reasons.Add($"node(s) didn't satisfy plugin(s) [{plugin}]", nodes);
    }

    /// <summary>Has a say in the pod, and left it no node, whether or not it said why.</summary>
    public void Blame(string plugin) => _plugins.Add(plugin);

    /// <summary>The text of the pod's condition and event.</summary>
    /// <param name="deallocation">What came of looking for claims to deallocate.</param>
    /// <param name="preemption">What came of looking for pods to remove; null when some are removed.</param>
    /// <param name="hasPreemption">Whether pods are looked for to be removed.</param>
    /// <param name="hasFailed">Looking for them went wrong, as its text says.</param>
    public string Message(
        string deallocation, string? preemption, bool hasPreemption = true, bool hasFailed = false)
    {
        var sentence = _preFilter is null ? _reasons.Sentence() : $"{_reasons.Head} {_preFilter}.";
        return Error ?? (nodeCount == 0 ? NoNodes
            // Upstream's search for claims to deallocate finds nothing of what an earlier step would have left it.
            : !_mayPreempt ? $"{sentence} not found"
            : preemption is null ? sentence
            : hasFailed ? $"{sentence} {preemption}"
            : !hasPreemption ? $"{sentence} {deallocation}"
            : $"{sentence} {deallocation}, preemption: {preemption}");
    }
}

/// <summary>Counts nodes by why they are out.</summary>
public sealed class RejectedNodes(int nodeCount)
{
    private readonly Dictionary<string, int> _reasons = new(StringComparer.Ordinal);

    /// <summary>What every sentence begins with.</summary>
    public string Head => string.Create(CultureInfo.InvariantCulture, $"0/{nodeCount} nodes are available:");

    public void Add(Verdict verdict)
    {
        foreach (var reason in verdict.Reasons)
        {
            Add(reason, 1);
        }
    }

    public void Add(string reason, int nodes)
    {
        if (nodes > 0)
        {
            _reasons[reason] = _reasons.GetValueOrDefault(reason) + nodes;
        }
    }

    public string Sentence()
    {
        // The order is that of the whole texts, numbers included: "10 x" comes before "2 y".
        var texts = _reasons
            .Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Value} {r.Key}"))
            .Order(StringComparer.Ordinal);
        return _reasons.Count == 0 ? Head : $"{Head} {string.Join(", ", texts)}.";
    }
}
