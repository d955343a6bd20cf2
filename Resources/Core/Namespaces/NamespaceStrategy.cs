using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Namespaces;

/// <summary>The rules of Namespaces.</summary>
public sealed class NamespaceStrategy : ResourceStrategy<V1Namespace>
{
}
