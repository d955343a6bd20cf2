using System.Text.Json.Nodes;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Grains.GarbageCollection;

/// <summary>The metadata of an object that another server has.</summary>
internal sealed record AggregatedObject(AggregatedResource Resource, ResourceObject Item)
{
    /// <summary>In which pass over its resource it was seen.</summary>
    public long Pass { get; init; }

    /// <summary>The server's word for its version, which may be no number.</summary>
    public string Version =>
        JsonTree.Text((JsonTree.Parse(Item.Json.Span)?["metadata"] as JsonObject)?["resourceVersion"]) ?? "";

    /// <summary>Where its server has it.</summary>
    public string Path
    {
        get
        {
            var space = Resource.IsNamespaced ? $"/namespaces/{Uri.EscapeDataString(Item.Key.Namespace)}" : "";
            return $"{space}/{Resource.Name.Plural}/{Uri.EscapeDataString(Item.Key.Name)}";
        }
    }
}
