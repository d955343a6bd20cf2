namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Where a pod waits.</summary>
public enum QueuePlace
{
    None,
    Active,
    BackingOff,
    Failed,
    Unschedulable,
    Gated,
}

/// <summary>A pod with its history in the queue.</summary>
public sealed class QueuedPod(PodInfo pod)
{
    internal static readonly IReadOnlySet<string> Nobody = new HashSet<string>();

    public PodInfo Pod { get; internal set; } = pod;

    public QueuePlace Place { get; internal set; }

    /// <summary>How often it was tried.</summary>
    public int Attempts { get; internal set; }

    /// <summary>When that was first, by the scheduler's clock.</summary>
    internal long FirstTaken { get; set; }

    /// <summary>How often no node would do.</summary>
    internal int Rejections { get; set; }

    /// <summary>How often in a row something else went wrong.</summary>
    internal int Errors { get; set; }

    internal DateTimeOffset Timestamp { get; set; }

    /// <summary>Where room is made for it; empty when nowhere.</summary>
    internal string NominatedNode { get; set; } = "";

    /// <summary>True while victims are being removed for it.</summary>
    internal bool IsPreempting { get; set; }

    /// <summary>True when they could not be removed the last time.</summary>
    internal bool HasFailedPreempting { get; set; }

    /// <summary>True when something happened meanwhile that may help it.</summary>
    internal bool WasWoken { get; set; }

    internal IReadOnlySet<string> RejectedBy { get; set; } = Nobody;

    /// <summary>Number of the only valid entry in the heaps.</summary>
    internal int Ticket { get; set; }
}
