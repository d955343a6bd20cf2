using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Resources.ApiExtensions.Schemas;

/// <summary>
/// Drops what a schema does not specify (upstream's structural pruning). Type and metadata of embedded objects stay.
/// </summary>
public sealed class SchemaPruning
{
    private readonly List<string> _dropped = [];

    private SchemaPruning()
    {
    }

    /// <summary>Drops, and says what.</summary>
    /// <param name="body">A custom object without its type and metadata.</param>
    /// <param name="schema">Its schema; null for one that says nothing.</param>
    public static IReadOnlyList<string> Prune(JsonObject body, JsonSchema? schema)
    {
        var walk = new SchemaPruning();
        if (schema is not null)
        {
            walk.Visit(body, schema, "");
        }

        return walk._dropped;
    }

    /// <summary>The same of any value that a schema describes.</summary>
    public static IReadOnlyList<string> PruneValue(JsonNode? value, JsonSchema schema)
    {
        var walk = new SchemaPruning();
        walk.Visit(value, schema, "");
        return walk._dropped;
    }

    private void Visit(JsonNode? node, JsonSchema? schema, string path)
    {
        switch (node)
        {
            case JsonObject map:
                VisitMap(map, schema, path);
                break;
            case JsonArray list when schema is not { IsPreserving: true, Items: null }:
                for (var i = 0; i < list.Count; i++)
                {
                    Visit(list[i], schema?.Items, $"{path}[{i}]");
                }

                break;
        }
    }

    private void VisitMap(JsonObject map, JsonSchema? schema, string path)
    {
        var dropped = new List<string>();
        foreach (var (name, value) in map)
        {
            var here = path.Length == 0 ? name : $"{path}.{name}";
            if (schema is { IsEmbedded: true } && name is "apiVersion" or "kind" or "metadata")
            {
                continue;
            }

            if (schema?.Properties.TryGetValue(name, out var property) == true)
            {
                Visit(value, property, here);
            }
            else if (schema is { AdditionalProperties: { } values })
            {
                Visit(value, values, here);
            }
            else if (schema is null or { IsPreserving: false, HasAdditional: false })
            {
                dropped.Add(name);
                _dropped.Add(here);
            }
            else if (!schema.IsPreserving)
            {
                Visit(value, null, here);
            }
        }

        JsonTree.RemoveAll(map, dropped);
    }
}
