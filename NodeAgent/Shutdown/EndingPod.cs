using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Shutdown;

/// <summary>A pod that is to end before the machine does.</summary>
/// <param name="Pod">The pod.</param>
/// <param name="End">Begins its end, with that much grace.</param>
/// <param name="Gone">Completes when nothing of it runs, its volumes are unmounted, and the cluster knows.</param>
public sealed record EndingPod(V1Pod Pod, Action<TimeSpan> End, Task Gone);
