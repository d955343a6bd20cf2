using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Apps.Deployments;

/// <summary>What a Deployment finds.</summary>
public sealed record DeploymentObserved
{
    public required V1Deployment Deployment { get; init; }

    /// <summary>The ReplicaSets that it controls.</summary>
    public required IReadOnlyList<V1ReplicaSet> ReplicaSets { get; init; }

    /// <summary>
    /// Uids of ReplicaSets that still have pods which have not finished, terminating ones included: Recreate waits for
    /// those.
    /// </summary>
    public IReadOnlySet<string> WithRunningPods { get; init; } = new HashSet<string>();
}

/// <summary>
/// What a Deployment must do, in this order: each step can be repeated, and the rest left for the next time.
/// </summary>
public sealed record DeploymentPlan
{
    /// <summary>The ReplicaSet of the current template, when there is none yet.</summary>
    public V1ReplicaSet? Create { get; init; }

    public IReadOnlyList<ReplicaSetChange> Changes { get; init; } = [];

    /// <summary>Old ReplicaSets beyond the revision history limit.</summary>
    public IReadOnlyList<V1ReplicaSet> Delete { get; init; } = [];

    /// <summary>The value that the Deployment's revision annotation must get; null when it is right.</summary>
    public string? Revision { get; init; }

    /// <summary>The status to write; null when it is right.</summary>
    public V1DeploymentStatus? Status { get; init; }

    public IReadOnlyList<EventNote> Events { get; init; } = [];

    /// <summary>When the progress deadline is to be looked at.</summary>
    public TimeSpan? NextCheck { get; init; }

    /// <summary>True if the ReplicaSets are left as they are.</summary>
    public bool IsSettled => Create is null && Changes.Count == 0 && Delete.Count == 0;
}

/// <summary>A change of one ReplicaSet.</summary>
/// <param name="Set">As it was read; its resourceVersion guards the change.</param>
/// <param name="Replicas">Null for no change.</param>
/// <param name="MinReadySeconds">Null for no change.</param>
/// <param name="Annotations">To set; all others stay.</param>
public sealed record ReplicaSetChange(
    V1ReplicaSet Set, int? Replicas, int? MinReadySeconds, IReadOnlyDictionary<string, string> Annotations);
