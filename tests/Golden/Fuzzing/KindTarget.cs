using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Golden.Fuzzing;

/// <summary>A kind in one version, as the catalogue has it, and objects to begin with.</summary>
/// <param name="Definition">The kind.</param>
/// <param name="Collection">Where its objects are.</param>
/// <param name="Seeds">Bodies that a server has taken.</param>
/// <param name="Existing">One that is there now, as the server shows it; null where none can be.</param>
public sealed record KindTarget(
    ResourceDefinition Definition, string Collection, IReadOnlyList<JsonObject> Seeds, JsonObject? Existing)
{
    /// <summary>What xUnit and findings show.</summary>
    public override string ToString() => Definition.ToString();

    /// <summary>Where the existing one is.</summary>
    public string Object => $"{Collection}/{Existing?["metadata"]?["name"] ?? "x"}";
}
