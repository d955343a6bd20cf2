using System.Globalization;
using k8s.Models;

namespace OrleansOrchestrator.Grains.Apps.Deployments;

/// <summary>A ReplicaSet as it will be once the plan that is being made is carried out.</summary>
internal sealed class SetView
{
    private readonly Dictionary<string, string> _changed = new(StringComparer.Ordinal);

    public SetView(V1ReplicaSet set, bool isCreated = false)
    {
        Set = set;
        IsCreated = isCreated;
        Replicas = set.Spec.Replicas ?? 1;
        MinReadySeconds = set.Spec.MinReadySeconds ?? 0;
    }

    public V1ReplicaSet Set { get; }

    /// <summary>True for one that the plan creates.</summary>
    public bool IsCreated { get; }

    public int Replicas { get; set; }

    public int MinReadySeconds { get; set; }

    public string Name => Set.Metadata.Name;

    public int Available => Set.Status?.AvailableReplicas ?? 0;

    /// <summary>
    /// Available replicas that stay when the set has shrunk to its size: its status may lag behind a step that was just
    /// taken.
    /// </summary>
    public int SureAvailable => Math.Min(Available, Replicas);

    public int Ready => Set.Status?.ReadyReplicas ?? 0;

    public int Actual => Set.Status?.Replicas ?? 0;

    public DateTime Created => Set.Metadata.CreationTimestamp ?? DateTime.MaxValue;

    /// <summary>The revision number; 0 when absent or malformed.</summary>
    public long Revision => RevisionNumber ?? 0;

    /// <summary>An annotation says which revision it is, but not by a number: it stays as it is.</summary>
    public bool IsRevisionMalformed =>
        RevisionNumber is null && Annotation(DeploymentAnnotations.Revision) is { Length: > 0 };

    private long? RevisionNumber => long.TryParse(
        Annotation(DeploymentAnnotations.Revision),
        NumberStyles.AllowLeadingSign,
        CultureInfo.InvariantCulture,
        out var revision) ? revision : null;

    public string? Annotation(string key) =>
        _changed.TryGetValue(key, out var value) ? value
        : Set.Metadata.Annotations?.TryGetValue(key, out value) == true ? value
        : null;

    /// <summary>A number of replicas; null when absent or malformed, below zero say.</summary>
    public int? Count(string key) =>
        int.TryParse(Annotation(key), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : null;

    public void Annotate(string key, string value)
    {
        if (Annotation(key) != value)
        {
            _changed[key] = value;
        }
    }

    public void Annotate(string key, long value) => Annotate(key, value.ToString(CultureInfo.InvariantCulture));

    /// <summary>Null when nothing changed. A set that is to be created takes the changes into its body.</summary>
    public ReplicaSetChange? ToChange()
    {
        if (IsCreated)
        {
            Set.Spec.Replicas = Replicas;
            foreach (var (key, value) in _changed)
            {
                Set.Metadata.Annotations[key] = value;
            }

            return null;
        }

        int? replicas = Replicas == (Set.Spec.Replicas ?? 1) ? null : Replicas;
        int? minReady = MinReadySeconds == (Set.Spec.MinReadySeconds ?? 0) ? null : MinReadySeconds;
        return replicas is null && minReady is null && _changed.Count == 0
            ? null
            : new ReplicaSetChange(Set, replicas, minReady, _changed);
    }
}

/// <summary>The annotations with which a Deployment keeps its books.</summary>
public static class DeploymentAnnotations
{
    public const string Revision = "deployment.kubernetes.io/revision";
    public const string RevisionHistory = "deployment.kubernetes.io/revision-history";
    public const string DesiredReplicas = "deployment.kubernetes.io/desired-replicas";
    public const string MaxReplicas = "deployment.kubernetes.io/max-replicas";

    /// <summary>Asks for a rollback, see <see cref="DeploymentRollback"/>.</summary>
    public const string RollbackTo = "deprecated.deployment.rollback.to";

    /// <summary>Annotations that are the Deployment's own and not handed to its ReplicaSets.</summary>
    public static bool IsOwn(string key) => key is Revision or RevisionHistory or DesiredReplicas or MaxReplicas
        or "kubectl.kubernetes.io/last-applied-configuration"
        or "deployment.kubernetes.io/replicaset-replicas-before-scale"
        or RollbackTo;
}
