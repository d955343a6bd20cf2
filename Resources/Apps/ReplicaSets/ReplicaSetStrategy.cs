using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Apps.ReplicaSets;

/// <summary>The rules of ReplicaSets.</summary>
public sealed partial class ReplicaSetStrategy : ResourceStrategy<V1ReplicaSet>
{
}
