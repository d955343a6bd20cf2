using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Scheduling;

namespace OrleansOrchestrator.Grains.Apps.DaemonSets;

/// <summary>What a DaemonSet finds.</summary>
public sealed record DaemonSetObserved
{
    public required V1DaemonSet Set { get; init; }

    /// <summary>All nodes, in order of name.</summary>
    public required IReadOnlyList<NodeInfo> Nodes { get; init; }

    /// <summary>The pods that it controls.</summary>
    public required IReadOnlyList<PodFacts> Pods { get; init; }

    /// <summary>Hash of the revision of its template.</summary>
    public required string Hash { get; init; }

    /// <summary>How long a failed pod of a node must wait for its end; null for not at all.</summary>
    public Func<string, TimeSpan?> BackOff { get; init; } = _ => null;
}

/// <summary>What a DaemonSet must do now.</summary>
public sealed record DaemonSetPlan
{
    /// <summary>Nodes that need a pod.</summary>
    public IReadOnlyList<string> Create { get; init; } = [];

    public IReadOnlyList<PodFacts> Delete { get; init; } = [];

    /// <summary>Nodes of failed pods among those, for the back-off.</summary>
    public IReadOnlyList<string> Failed { get; init; } = [];

    public IReadOnlyList<EventNote> Events { get; init; } = [];

    /// <summary>The status that is true of what was observed; null when the set shows it already.</summary>
    public V1DaemonSetStatus? Status { get; init; }

    /// <summary>When to look again without being told.</summary>
    public TimeSpan? NextCheck { get; init; }

    /// <summary>There is more to do than one step does.</summary>
    public bool IsCut { get; init; }

    public bool IsSettled => Create.Count == 0 && Delete.Count == 0;
}
