using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Discovery.EndpointSlices;

/// <summary>The rules of EndpointSlices.</summary>
public sealed class EndpointSliceStrategy : ResourceStrategy<V1EndpointSlice>
{
}
