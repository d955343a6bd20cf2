using k8s.Models;
using OrleansOrchestrator.Resources.Coordination.Leases;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Coordination;

/// <summary>Rows of <c>coordination.k8s.io</c>.</summary>
internal static class CoordinationResources
{
    public static IEnumerable<ResourceKind> Rows =>
    [
        new()
        {
            Name = WellKnown.Leases, Kind = "Lease", Singular = "lease",
            TakesAnyFinalizer = true,
            Versions = [new("v1", new LeaseStrategy())],
        },
    ];
}
