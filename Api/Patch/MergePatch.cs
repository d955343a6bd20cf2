using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Patch;

/// <summary>RFC 7386, as upstream has it: nulls in objects that are new are left out in lists, too.</summary>
public static class MergePatch
{
    /// <summary>Merges a patch into a document, which is changed in place where it can be.</summary>
    public static JsonNode? Apply(JsonNode? document, JsonNode? patch)
    {
        if (document is not JsonObject result || patch is not JsonObject changes)
        {
            return WithoutNulls(patch);
        }

        JsonTree.RemoveAll(result, [.. changes.Where(c => c.Value is null).Select(c => c.Key)]);
        foreach (var (name, change) in changes.Where(c => c.Value is not null))
        {
            if (change is JsonObject && result[name] is JsonObject inner)
            {
                Apply(inner, change);
            }
            else
            {
                result[name] = WithoutNulls(change);
            }
        }

        return result;
    }

    private static JsonNode? WithoutNulls(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(
            map.Where(p => p.Value is not null).Select(p => KeyValuePair.Create(p.Key, WithoutNulls(p.Value)))),
        JsonArray list => new JsonArray([.. list.Select(WithoutNulls)]),
        _ => node?.DeepClone(),
    };
}
