using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Patch;

/// <summary>RFC 7386.</summary>
public static class MergePatch
{
    /// <summary>Merges a patch into a document, which is changed in place where it can be.</summary>
    public static JsonNode? Apply(JsonNode? document, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
        {
            return patch?.DeepClone();
        }

        var result = document as JsonObject ?? [];
        JsonTree.RemoveAll(result, [.. changes.Where(c => c.Value is null).Select(c => c.Key)]);
        foreach (var (name, change) in changes.Where(c => c.Value is not null))
        {
            if (change is JsonObject && result[name] is JsonObject inner)
            {
                Apply(inner, change);
            }
            else
            {
                result[name] = Apply(null, change);
            }
        }

        return result;
    }
}
