using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Cluster.Tests.Silos;

/// <summary>
/// What a workload writes: objects with a map of texts in <c>data</c>, in the namespace <c>default</c>.
/// </summary>
/// <param name="ApiVersion">For example <c>v1</c>.</param>
/// <param name="Kind">For example <c>ConfigMap</c>.</param>
/// <param name="Name">The resource.</param>
public sealed record WorkloadKind(string ApiVersion, string Kind, ResourceName Name)
{
    public static WorkloadKind ConfigMaps { get; } = new("v1", "ConfigMap", new ResourceName("", "configmaps"));

    /// <summary>Path of all objects.</summary>
    public string All => $"{Root}/{Name.Plural}";

    /// <summary>Path of the objects of the namespace.</summary>
    public string Space => $"{Root}/namespaces/default/{Name.Plural}";

    private string Root => ApiVersion.Contains('/', StringComparison.Ordinal)
        ? $"/apis/{ApiVersion}"
        : $"/api/{ApiVersion}";
}
