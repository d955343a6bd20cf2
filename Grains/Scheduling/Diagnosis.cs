using System.Globalization;
using OrleansOrchestrator.Grains.Scheduling.Plugins;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Why a pod fits no node, and upstream's words for it.</summary>
public sealed class Diagnosis
{
    /// <summary>Said when there are no nodes at all.</summary>
    public const string NoNodes = "no nodes available to schedule pods";

    private readonly Dictionary<string, int> _reasons = new(StringComparer.Ordinal);
    private readonly HashSet<string> _plugins = new(StringComparer.Ordinal);
    private int _resolvable;
    private string? _preFilter;

    public Diagnosis(int nodeCount) => NodeCount = nodeCount;

    public int NodeCount { get; }

    /// <summary>Plugins that rejected the pod somewhere: only changes that they care about can help.</summary>
    public IReadOnlySet<string> RejectedBy => _plugins;

    /// <summary>Every node is out for one reason that was found without looking at nodes.</summary>
    public void RejectAll(Verdict verdict)
    {
        _preFilter = verdict.Reasons[0];
        _plugins.Add(verdict.Plugin);
    }

    public void Reject(Verdict verdict)
    {
        _plugins.Add(verdict.Plugin);
        _resolvable += verdict.IsResolvable ? 1 : 0;
        foreach (var reason in verdict.Reasons)
        {
            Count(reason, 1);
        }
    }

    /// <summary>Nodes that were not tried because a plugin confines the pod to others.</summary>
    public void Skip(string plugin, int nodes)
    {
        _plugins.Add(plugin);
        if (nodes > 0)
        {
            Count($"node(s) didn't satisfy plugin(s) [{plugin}]", nodes);
        }
    }

    /// <summary>The text of the pod's condition and event.</summary>
    public string Message(PodInfo pod)
    {
        if (NodeCount == 0)
        {
            return NoNodes;
        }

        if (_preFilter is not null)
        {
            // Upstream's search for claims to deallocate finds nothing of what an earlier step would have left it.
            return $"{Head} {_preFilter}. not found";
        }

        return $"{Sentence(_reasons)} no new claims to deallocate, preemption: {Preemption(pod)}";
    }

    private string Head => string.Create(CultureInfo.InvariantCulture, $"0/{NodeCount} nodes are available:");

    /// <summary>What upstream's dry run of preemption says when there is nobody to preempt.</summary>
    private string Preemption(PodInfo pod)
    {
        if (!pod.MayPreempt)
        {
            return "not eligible due to preemptionPolicy=Never.";
        }

        var outcome = new Dictionary<string, int>(StringComparer.Ordinal);
        if (_resolvable > 0)
        {
            outcome["No preemption victims found for incoming pod"] = _resolvable;
        }

        if (_resolvable < NodeCount)
        {
            outcome["Preemption is not helpful for scheduling"] = NodeCount - _resolvable;
        }

        return Sentence(outcome);
    }

    private string Sentence(Dictionary<string, int> reasons)
    {
        // The order is that of the whole texts, numbers included: "10 x" comes before "2 y".
        var texts = reasons
            .Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Value} {r.Key}"))
            .Order(StringComparer.Ordinal);
        return $"{Head} {string.Join(", ", texts)}.";
    }

    private void Count(string reason, int nodes) => _reasons[reason] = _reasons.GetValueOrDefault(reason) + nodes;
}
