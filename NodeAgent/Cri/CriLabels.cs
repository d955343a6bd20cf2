namespace OrleansOrchestrator.NodeAgent.Cri;

/// <summary>
/// Labels and annotations on sandboxes and containers, the same as the kubelet's: they alone say what a running
/// container belongs to after the agent restarts, and tools like crictl read them.
/// </summary>
public static class CriLabels
{
    public const string PodName = "io.kubernetes.pod.name";
    public const string PodNamespace = "io.kubernetes.pod.namespace";
    public const string PodUid = "io.kubernetes.pod.uid";
    public const string ContainerName = "io.kubernetes.container.name";

    public const string ContainerHash = "io.kubernetes.container.hash";
    public const string ContainerRestartCount = "io.kubernetes.container.restartCount";
    public const string TerminationMessagePath = "io.kubernetes.container.terminationMessagePath";
    public const string TerminationMessagePolicy = "io.kubernetes.container.terminationMessagePolicy";
    public const string TerminationGracePeriod = "io.kubernetes.pod.terminationGracePeriod";
    public const string PreStopHandler = "io.kubernetes.container.preStopHandler";
}
