using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Services;

/// <summary>The rules of Services.</summary>
public sealed class ServiceStrategy : ResourceStrategy<V1Service>
{
}
