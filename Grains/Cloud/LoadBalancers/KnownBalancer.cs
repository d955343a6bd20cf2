using k8s.Models;

namespace OrleansOrchestrator.Grains.Cloud.LoadBalancers;

/// <summary>What was last done for a Service. Kept in memory only: who forgets it ensures once more.</summary>
/// <param name="Service">The Service as it was.</param>
/// <param name="Nodes">Provider ids by name of the nodes that the load balancer was told of.</param>
/// <param name="Failed">Whether it was done in vain.</param>
public sealed record KnownBalancer(V1Service Service, IReadOnlyDictionary<string, string> Nodes, bool Failed);
