using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>Who keeps from pods what the cluster's network policies do.</summary>
public interface IPodIsolation
{
    /// <summary>
    /// Returns when what policies say of a pod is in force for the sandbox that it has now: nothing of it may run
    /// before.
    /// </summary>
    Task EnsureAsync(V1Pod pod, CancellationToken cancellationToken);
}
