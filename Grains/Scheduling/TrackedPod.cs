namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>A pod that is waiting or on a node.</summary>
internal sealed class TrackedPod(PodInfo pod)
{
    public PodInfo Pod { get; set; } = pod;

    /// <summary>Null for assigned pods; kept while assumed, for the history of attempts.</summary>
    public QueuedPod? Queued { get; set; }

    public NodeInfo? Node { get; set; }

    /// <summary>What was added to the node's sums, and must be taken off again.</summary>
    public PodShape? Accounted { get; set; }

    /// <summary>What is assumed of volumes while it is being bound.</summary>
    public IReadOnlyList<VolumeChoice> Volumes { get; set; } = [];

    public DateTimeOffset ExpiresAt { get; set; } = DateTimeOffset.MaxValue;
}
