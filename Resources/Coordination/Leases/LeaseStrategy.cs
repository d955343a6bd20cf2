using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Coordination.Leases;

/// <summary>The rules of Leases.</summary>
public sealed class LeaseStrategy : ResourceStrategy<V1Lease>
{
}
