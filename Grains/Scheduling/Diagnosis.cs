using System.Globalization;
using OrleansOrchestrator.Grains.Scheduling.Plugins;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Why a pod fits no node, and upstream's words for it.</summary>
public sealed class Diagnosis(int nodeCount)
{
    /// <summary>Said when there are no nodes at all.</summary>
    public const string NoNodes = "no nodes available to schedule pods";

    private readonly RejectedNodes _reasons = new(nodeCount);
    private readonly HashSet<string> _plugins = new(StringComparer.Ordinal);
    private readonly List<NodeInfo> _resolvable = [];
    private string? _preFilter;

    /// <summary>Plugins that rejected the pod somewhere: only changes that they care about can help.</summary>
    public IReadOnlySet<string> RejectedBy => _plugins;

    /// <summary>Nodes where the pod might fit without some of the pods that are there.</summary>
    public IReadOnlyList<NodeInfo> Resolvable => _resolvable;

    /// <summary>True when nodes were looked at, so that removing pods is worth a thought.</summary>
    public bool HasTriedNodes => nodeCount > 0 && _preFilter is null;

    /// <summary>Every node is out for one reason that was found without looking at nodes.</summary>
    public void RejectAll(Verdict verdict)
    {
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

    /// <summary>The text of the pod's condition and event.</summary>
    /// <param name="preemption">What came of looking for pods to remove; null when some are removed.</param>
    public string Message(string? preemption) =>
        nodeCount == 0 ? NoNodes
        // Upstream's search for claims to deallocate finds nothing of what an earlier step would have left it.
        : _preFilter is not null ? $"{_reasons.Head} {_preFilter}. not found"
        : preemption is null ? _reasons.Sentence()
        : $"{_reasons.Sentence()} no new claims to deallocate, preemption: {preemption}";
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
        return $"{Head} {string.Join(", ", texts)}.";
    }
}
