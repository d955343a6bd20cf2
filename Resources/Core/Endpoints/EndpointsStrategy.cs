using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Endpoints;

/// <summary>The rules of Endpoints.</summary>
public sealed class EndpointsStrategy : ResourceStrategy<V1Endpoints>
{
}
