using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>The rules of Pods.</summary>
public sealed partial class PodStrategy : ResourceStrategy<V1Pod>
{
}
