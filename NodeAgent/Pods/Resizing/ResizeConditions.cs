using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Pods.Resizing;

/// <summary>
/// The two conditions of a pod's resize: one says why it waits, the other that it is being done or why that fails.
/// Only those that hold are shown.
/// </summary>
public sealed class ResizeConditions
{
    public const string Pending = "PodResizePending";
    public const string InProgress = "PodResizeInProgress";
    public const string Deferred = "Deferred";
    public const string Infeasible = "Infeasible";
    private const string Error = "Error";

    private readonly Lock _lock = new();
    private V1PodCondition? _pending;
    private V1PodCondition? _inProgress;

    public static bool IsOne(string type) => type is Pending or InProgress;

    /// <summary>Takes over what an agent before this one has reported.</summary>
    public static ResizeConditions From(V1PodStatus? status)
    {
        var known = status?.Conditions ?? [];
        return new ResizeConditions
        {
            _pending = known.FirstOrDefault(c => c.Type == Pending),
            _inProgress = known.FirstOrDefault(c => c.Type == InProgress),
        };
    }

    public IReadOnlyList<V1PodCondition> Current
    {
        get
        {
            lock (_lock)
            {
                return [.. new[] { _pending, _inProgress }.OfType<V1PodCondition>()];
            }
        }
    }

    /// <summary>Since when the resize waits; null when it does not.</summary>
    public DateTime? PendingSince => Current.FirstOrDefault(c => c.Type == Pending)?.LastTransitionTime;

    /// <summary>True when that is news.</summary>
    public bool SetPending(string reason, string message, long? generation, DateTimeOffset now)
    {
        lock (_lock)
        {
            var before = _pending;
            _pending = Make(Pending, reason, message, generation, before?.Reason == reason
                ? before.LastTransitionTime : now.UtcDateTime);
            return before is null
                || (before.Reason, before.Message, before.ObservedGeneration) != (reason, message, generation);
        }
    }

    public void ClearPending()
    {
        lock (_lock)
        {
            _pending = null;
        }
    }

    /// <summary>A new resize has been accepted: whatever was said of one before it is over.</summary>
    public void Start(long? generation, DateTimeOffset now)
    {
        lock (_lock)
        {
            (_pending, _inProgress) = (null, Make(InProgress, null, null, generation, now.UtcDateTime));
        }
    }

    /// <summary>
    /// The pod does not have yet what it has been given; an error that was met stays until it is done.
    /// </summary>
    public void Continue(long? generation, DateTimeOffset now)
    {
        lock (_lock)
        {
            _inProgress ??= Make(InProgress, null, null, generation, now.UtcDateTime);
        }
    }

    /// <summary>The generation that could not be done, when the error is news.</summary>
    public long? Fail(string message, long? generation, DateTimeOffset now)
    {
        lock (_lock)
        {
            var before = _inProgress;
            var since = before?.Reason == Error ? before.LastTransitionTime : now.UtcDateTime;
            _inProgress = Make(InProgress, Error, message, before?.ObservedGeneration ?? generation, since);
            return (before?.Reason, before?.Message) == (Error, message) ? null : _inProgress.ObservedGeneration ?? 0;
        }
    }

    /// <summary>The generation that is done, when one was in progress.</summary>
    public long? Complete()
    {
        lock (_lock)
        {
            var done = _inProgress is null ? (long?)null : _inProgress.ObservedGeneration ?? 0;
            _inProgress = null;
            return done;
        }
    }

    private static V1PodCondition Make(
        string type, string? reason, string? message, long? generation, DateTime? since) => new()
    {
        Type = type,
        Status = "True",
        Reason = reason,
        Message = message,
        ObservedGeneration = generation,
        LastTransitionTime = since,
    };
}
