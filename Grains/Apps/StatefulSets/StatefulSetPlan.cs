using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;

namespace OrleansOrchestrator.Grains.Apps.StatefulSets;

/// <summary>What a StatefulSet finds.</summary>
public sealed record StatefulSetObserved
{
    public required V1StatefulSet Set { get; init; }

    /// <summary>The pods that it controls, each with the set's name and an ordinal for name.</summary>
    public required IReadOnlyList<PodFacts> Pods { get; init; }

    /// <summary>The claims of its pods, by name.</summary>
    public required IReadOnlyDictionary<string, V1PersistentVolumeClaim> Claims { get; init; }

    /// <summary>Name of the revision that pods have unless a rollout has reached them.</summary>
    public required string CurrentRevision { get; init; }

    /// <summary>Name of the revision of the set's template.</summary>
    public required string UpdateRevision { get; init; }

    /// <summary>Collisions of revision names so far.</summary>
    public int CollisionCount { get; init; }
}

/// <summary>What is done to one pod of a StatefulSet.</summary>
public enum StatefulAction
{
    /// <summary>Claims that are missing, then the pod, then the claims' owners.</summary>
    Create,

    /// <summary>Claims that are missing, and the owners of all.</summary>
    EnsureClaims,

    /// <summary>Labels and volumes that make the pod a member, and its claims' owners.</summary>
    Repair,

    /// <summary>The claims' owners alone.</summary>
    FixClaimOwners,

    Delete,
}

/// <summary>One step.</summary>
/// <param name="Action">What is done.</param>
/// <param name="Ordinal">The pod's ordinal.</param>
/// <param name="Pod">As it was found; null for one that is to be created.</param>
/// <param name="IsCurrent">It is created at the current revision instead of the updated one.</param>
public sealed record StatefulStep(StatefulAction Action, int Ordinal, PodFacts? Pod, bool IsCurrent = false);

/// <summary>What a StatefulSet must do now.</summary>
/// <param name="Phases">
/// Steps of one phase do not wait for each other; a failed phase is the last. In ordered sets every step is a phase.
/// </param>
/// <param name="NextCheck">When a pod that is ready now will have been ready for minReadySeconds.</param>
public sealed record StatefulSetPlan(IReadOnlyList<IReadOnlyList<StatefulStep>> Phases, TimeSpan? NextCheck);
