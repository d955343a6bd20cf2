using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Scheduling.PriorityClasses;

namespace OrleansOrchestrator.Resources.Scheduling;

/// <summary>Rows of <c>scheduling.k8s.io</c>, in discovery order.</summary>
internal static class SchedulingResources
{
    public static IEnumerable<ResourceKind> Rows =>
    [
        new()
        {
            Name = WellKnown.PriorityClasses, Kind = "PriorityClass", Singular = "priorityclass",
            ShortNames = ["pc"], Namespaced = false,
            Versions = [new("v1", new PriorityClassStrategy())],
        },
    ];
}
