namespace OrleansOrchestrator.NodeAgent.PodRecords;

/// <summary>What probes say about a running container, as far as it matters for keeping it.</summary>
public enum ProbeVerdict
{
    Healthy,
    LivenessFailed,
    StartupFailed,
}
