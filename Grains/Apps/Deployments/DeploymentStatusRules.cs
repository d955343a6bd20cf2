using k8s.Models;

namespace OrleansOrchestrator.Grains.Apps.Deployments;

/// <summary>The status of a Deployment: counts, and conditions with upstream's reasons and texts.</summary>
internal sealed class DeploymentStatusRules
{
    private const string Progressing = "Progressing";
    private const string TimedOut = "ProgressDeadlineExceeded";
    private const string NewSetAvailable = "NewReplicaSetAvailable";
    private const string PausedReason = "DeploymentPaused";

    private readonly V1Deployment _deployment;
    private readonly V1DeploymentStatus _before;
    private readonly RolloutBounds _bounds;
    private readonly DateTimeOffset _now;
    private readonly List<V1DeploymentCondition> _conditions;

    public DeploymentStatusRules(V1Deployment deployment, RolloutBounds bounds, DateTimeOffset now)
    {
        _deployment = deployment;
        _before = deployment.Status ?? new V1DeploymentStatus();
        _bounds = bounds;
        _now = now;
        _conditions = _before.Conditions?.ToList() ?? [];
    }

    /// <summary>The status, as it was read, says that the rollout is complete.</summary>
    public bool WasComplete => IsComplete(_before);

    /// <summary>When the progress deadline passes; set by <see cref="Finish"/>.</summary>
    public TimeSpan? NextCheck { get; private set; }

    private bool HasDeadline => _deployment.Spec.ProgressDeadlineSeconds is { } seconds && seconds != int.MaxValue;

    public void SetPaused()
    {
        var current = Find(Progressing);
        if (!HasDeadline || current?.Reason == TimedOut)
        {
            return;
        }

        var isShown = current?.Reason == PausedReason;
        if (_deployment.Spec.Paused == true && !isShown)
        {
            Set(Progressing, "Unknown", PausedReason, "Deployment is paused");
        }
        else if (_deployment.Spec.Paused != true && isShown)
        {
            Set(Progressing, "Unknown", "DeploymentResumed", "Deployment is resumed");
        }
    }

    public void SetFound(string name)
    {
        if (HasDeadline && Find(Progressing) is null)
        {
            Set(Progressing, "True", "FoundNewReplicaSet", $"Found new replica set \"{name}\"");
        }
    }

    public void SetCreated(string name)
    {
        if (HasDeadline)
        {
            Set(Progressing, "True", "NewReplicaSetCreated", $"Created new replica set \"{name}\"");
        }
    }

    public V1DeploymentStatus CreateFailed(string name, string why)
    {
        if (HasDeadline)
        {
            Set(Progressing, "False", "ReplicaSetCreateError", $"Failed to create new replica set \"{name}\": {why}");
        }

        return Copy(_before.CollisionCount);
    }

    public V1DeploymentStatus Collided() => Copy((_before.CollisionCount ?? 0) + 1);

    /// <summary>The status to write, null when it is the one that was read.</summary>
    public V1DeploymentStatus? Finish(IReadOnlyList<SetView> sets, SetView? newest, bool isRollout)
    {
        var next = Count(sets, newest);
        if (next.AvailableReplicas.GetValueOrDefault() >= _bounds.MinAvailable)
        {
            Set("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.");
        }
        else
        {
            Set("Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.");
        }

        if (isRollout)
        {
            SetProgress(next, newest);
            SetReplicaFailure(sets, newest);
        }

        next.Conditions = _conditions;
        SetNextCheck(next);
        return IsSame(_before, next) ? null : next;
    }

    private V1DeploymentStatus Count(IReadOnlyList<SetView> sets, SetView? newest)
    {
        var available = sets.Sum(s => s.Available);
        return new V1DeploymentStatus
        {
            ObservedGeneration = _deployment.Metadata.Generation,
            Replicas = ZeroIsAbsent(sets.Sum(s => s.Actual)),
            UpdatedReplicas = ZeroIsAbsent(newest?.Actual ?? 0),
            ReadyReplicas = ZeroIsAbsent(sets.Sum(s => s.Ready)),
            AvailableReplicas = ZeroIsAbsent(available),
            UnavailableReplicas = ZeroIsAbsent(Math.Max(0, sets.Sum(s => s.Replicas) - available)),
            TerminatingReplicas = CountTerminating(sets),
            CollisionCount = _before.CollisionCount,
        };
    }

    /// <summary>Null when one does not say how many; a set that nobody has looked at yet has none.</summary>
    private static int? CountTerminating(IReadOnlyList<SetView> sets) =>
        sets.Any(s => s.Set.Status is { ObservedGeneration: > 0, TerminatingReplicas: null })
            ? null
            : sets.Sum(s => s.Set.Status?.TerminatingReplicas ?? 0);

    private void SetProgress(V1DeploymentStatus next, SetView? newest)
    {
        if (!HasDeadline)
        {
            _conditions.RemoveAll(c => c.Type == Progressing);
            return;
        }

        var current = Find(Progressing);
        if (next.Replicas == next.UpdatedReplicas && current?.Reason == NewSetAvailable)
        {
            return;
        }

        var what = newest is null ? $"Deployment \"{_deployment.Metadata.Name}\"" : $"ReplicaSet \"{newest.Name}\"";
        if (IsComplete(next))
        {
            Set(Progressing, "True", NewSetAvailable, $"{what} has successfully progressed.");
        }
        else if (HasProgressed(next))
        {
            Replace(Progressing, "True", "ReplicaSetUpdated", $"{what} is progressing.");
        }
        else if (HasTimedOut(current))
        {
            Set(Progressing, "False", TimedOut, $"{what} has timed out progressing.");
        }
    }

    private bool HasProgressed(V1DeploymentStatus next)
    {
        int updated = _before.UpdatedReplicas ?? 0, nextUpdated = next.UpdatedReplicas ?? 0;
        return nextUpdated > updated
            || (next.Replicas ?? 0) - nextUpdated < (_before.Replicas ?? 0) - updated
            || (next.ReadyReplicas ?? 0) > (_before.ReadyReplicas ?? 0)
            || (next.AvailableReplicas ?? 0) > (_before.AvailableReplicas ?? 0);
    }

    private bool HasTimedOut(V1DeploymentCondition? current) => current is not null
        && current.Reason != NewSetAvailable
        && (current.Reason == TimedOut || Deadline(current) < _now);

    private DateTimeOffset Deadline(V1DeploymentCondition condition) =>
        new DateTimeOffset(condition.LastUpdateTime ?? _now.UtcDateTime, TimeSpan.Zero)
            .AddSeconds(_deployment.Spec.ProgressDeadlineSeconds ?? 0);

    private void SetNextCheck(V1DeploymentStatus next)
    {
        var current = Find(Progressing);
        if (HasDeadline && current is not null && !IsComplete(next) && current.Reason is not (TimedOut or PausedReason))
        {
            // The deadline itself is still in time; one second more also covers the rounding of times to seconds.
            var left = Deadline(current) - _now + TimeSpan.FromSeconds(1);
            NextCheck = left < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : left;
        }
    }

    private void SetReplicaFailure(IReadOnlyList<SetView> sets, SetView? newest)
    {
        const string type = "ReplicaFailure";
        var failure = newest is null ? null : FailureOf(newest);
        failure ??= sets.Select(FailureOf).FirstOrDefault(f => f is not null);
        if (failure is null)
        {
            _conditions.RemoveAll(c => c.Type == type);
        }
        else if (Find(type) is not { } current || current.Status != failure.Status || current.Reason != failure.Reason)
        {
            Replace(new V1DeploymentCondition
            {
                Type = type,
                Status = failure.Status,
                Reason = failure.Reason,
                Message = failure.Message,
                LastTransitionTime = failure.LastTransitionTime,
                LastUpdateTime = failure.LastTransitionTime,
            });
        }
    }

    private static V1ReplicaSetCondition? FailureOf(SetView set) =>
        set.Set.Status?.Conditions?.FirstOrDefault(c => c.Type == "ReplicaFailure");

    private bool IsComplete(V1DeploymentStatus status) =>
        (status.UpdatedReplicas ?? 0) == _bounds.Replicas
        && (status.Replicas ?? 0) == _bounds.Replicas
        && (status.AvailableReplicas ?? 0) == _bounds.Replicas
        && (status.ObservedGeneration ?? 0) >= (_deployment.Metadata.Generation ?? 0);

    private V1DeploymentCondition? Find(string type) => _conditions.Find(c => c.Type == type);

    /// <summary>Leaves a condition alone that has this status and reason already.</summary>
    private void Set(string type, string status, string reason, string message)
    {
        if (Find(type) is not { } current || current.Status != status || current.Reason != reason)
        {
            Replace(type, status, reason, message);
        }
    }

    /// <summary>Sets the update time even when nothing else changes.</summary>
    private void Replace(string type, string status, string reason, string message) =>
        Replace(new V1DeploymentCondition
        {
            Type = type,
            Status = status,
            Reason = reason,
            Message = message,
            LastUpdateTime = _now.UtcDateTime,
            LastTransitionTime = _now.UtcDateTime,
        });

    /// <summary>A condition that keeps its status keeps the time since when it has it.</summary>
    private void Replace(V1DeploymentCondition next)
    {
        var current = Find(next.Type);
        _conditions.RemoveAll(c => c.Type == next.Type);
        _conditions.Add(
            current?.Status == next.Status ? next with { LastTransitionTime = current.LastTransitionTime } : next);
    }

    private V1DeploymentStatus Copy(int? collisionCount) => new()
    {
        ObservedGeneration = _before.ObservedGeneration,
        Replicas = _before.Replicas,
        UpdatedReplicas = _before.UpdatedReplicas,
        ReadyReplicas = _before.ReadyReplicas,
        AvailableReplicas = _before.AvailableReplicas,
        UnavailableReplicas = _before.UnavailableReplicas,
        TerminatingReplicas = _before.TerminatingReplicas,
        CollisionCount = collisionCount,
        Conditions = _conditions,
    };

    private static bool IsSame(V1DeploymentStatus a, V1DeploymentStatus b) =>
        a.ObservedGeneration == b.ObservedGeneration
        && (a.Replicas ?? 0) == (b.Replicas ?? 0)
        && (a.UpdatedReplicas ?? 0) == (b.UpdatedReplicas ?? 0)
        && (a.ReadyReplicas ?? 0) == (b.ReadyReplicas ?? 0)
        && (a.AvailableReplicas ?? 0) == (b.AvailableReplicas ?? 0)
        && (a.UnavailableReplicas ?? 0) == (b.UnavailableReplicas ?? 0)
        && a.TerminatingReplicas == b.TerminatingReplicas
        && Facts(a.Conditions ?? []).SequenceEqual(Facts(b.Conditions ?? []));

    private static IEnumerable<object> Facts(IEnumerable<V1DeploymentCondition> conditions) =>
        conditions.Select(c => (object)(c.Type, c.Status, c.Reason, c.Message, c.LastUpdateTime, c.LastTransitionTime));

    private static int? ZeroIsAbsent(int count) => count == 0 ? null : count;
}
