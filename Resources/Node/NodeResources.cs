using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Node.RuntimeClasses;

namespace OrleansOrchestrator.Resources.Node;

/// <summary>Rows of <c>node.k8s.io</c>, in discovery order.</summary>
internal static class NodeResources
{
    public static IEnumerable<ResourceKind> Rows =>
    [
        new()
        {
            Name = WellKnown.RuntimeClasses, Kind = "RuntimeClass", Singular = "runtimeclass",
            Namespaced = false, TakesAnyFinalizer = true,
            Versions = [new("v1", new RuntimeClassStrategy())],
        },
    ];
}
