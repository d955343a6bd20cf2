using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Nodes;

/// <summary>The rules of Nodes.</summary>
public sealed class NodeStrategy : ResourceStrategy<V1Node>
{
}
