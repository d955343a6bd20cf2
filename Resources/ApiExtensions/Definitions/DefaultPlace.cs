using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Definitions;

/// <summary>Where a default is in the object around it.</summary>
/// <param name="Root">The schema of that object.</param>
/// <param name="IsMetadata">It is type or metadata of the object, or in them.</param>
/// <param name="Steps">The way to it from the object, the last step first; null for the object itself.</param>
internal sealed record DefaultPlace(JsonSchema Root, bool IsMetadata, DefaultPlace.Step? Steps)
{
    /// <summary>A step of the way.</summary>
    /// <param name="Name">A field; null for an element of a list.</param>
    /// <param name="Outer">The step before.</param>
    internal sealed record Step(string? Name, Step? Outer);

    /// <summary>The place of a field of what is here.</summary>
    public DefaultPlace Field(string name) => this with
    {
        IsMetadata = IsMetadata || (Steps is null && CustomObject.TypeAndMetadata.Contains(name)),
        Steps = new Step(name, Steps),
    };

    /// <summary>The place of the elements of the list that is here.</summary>
    public DefaultPlace Item() => this with { Steps = new Step(null, Steps) };

    /// <summary>An object that has a value here, and beside it only a type, upstream's for the purpose.</summary>
    public JsonObject Around(JsonNode? value)
    {
        for (var step = Steps; step is not null; step = step.Outer)
        {
            value = step.Name is null ? new JsonArray(value) : new JsonObject { [step.Name] = value };
        }

        var whole = (JsonObject)value!;
        whole["apiVersion"] = "validation/v1";
        whole["kind"] = "Validation";
        return whole;
    }
}
