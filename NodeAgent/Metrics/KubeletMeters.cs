namespace OrleansOrchestrator.NodeAgent.Metrics;

/// <summary>
/// What the agent's parts measure of their own work: under the names that alerts on kubelets use, where there are any.
/// </summary>
public sealed class KubeletMeters
{
    private static readonly double[] StartBounds =
    [
        0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600,
    ];

    /// <summary>From the first sight of a pod to its running.</summary>
    public DurationMetric PodStart { get; } = new(
        "kubelet_pod_start_duration_seconds",
        "[ALPHA] Duration in seconds from kubelet seeing a pod for the first time to the pod starting to run",
        null,
        StartBounds);

    /// <summary>One step of a pod's worker.</summary>
    public DurationMetric PodWorker { get; } = new(
        "kubelet_pod_worker_duration_seconds",
        "[ALPHA] Duration in seconds to sync a single pod. Broken down by operation type: create, update, or sync",
        "operation_type",
        DurationMetric.UsualBounds);

    /// <summary>A full list of what the runtime has.</summary>
    public DurationMetric Relist { get; } = new(
        "kubelet_pleg_relist_duration_seconds",
        "[ALPHA] Duration in seconds for relisting pods in PLEG.",
        null,
        DurationMetric.UsualBounds);

    /// <summary>From one full list to the next.</summary>
    public DurationMetric RelistInterval { get; } = new(
        "kubelet_pleg_relist_interval_seconds",
        "[ALPHA] Interval in seconds between relisting in PLEG.",
        null,
        DurationMetric.UsualBounds);

    /// <summary>One step of the rules of network policies.</summary>
    public DurationMetric PolicySync { get; } = new(
        "orc_network_policy_sync_duration_seconds",
        "Duration in seconds of planning what network policies say and having the kernel do it.",
        null,
        DurationMetric.UsualBounds);

    public void Write(MetricsText text)
    {
        Relist.Write(text);
        RelistInterval.Write(text);
        PodStart.Write(text);
        PodWorker.Write(text);
        PolicySync.Write(text);
    }
}
