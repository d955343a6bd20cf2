using k8s.Models;
using OrleansOrchestrator.Resources.Discovery.EndpointSlices;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Discovery;

/// <summary>Rows of <c>discovery.k8s.io</c>.</summary>
internal static class DiscoveryResources
{
    public static IEnumerable<ResourceKind> Rows =>
    [
        new()
        {
            Name = WellKnown.EndpointSlices, Kind = "EndpointSlice", Singular = "endpointslice",
            Versions = [new("v1", new EndpointSliceStrategy())],
        },
    ];
}
