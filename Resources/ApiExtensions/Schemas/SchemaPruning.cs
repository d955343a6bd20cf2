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

    /// <param name="node">A value.</param>
    /// <param name="schema">What it is like.</param>
    /// <param name="path">Where it is.</param>
    /// <param name="keeps">It is in a list that keeps what is not specified.</param>
    private void Visit(JsonNode? node, JsonSchema? schema, string path, bool keeps = false)
    {
        keeps |= schema is { IsPreserving: true };
        switch (node)
        {
            case JsonObject map:
                VisitMap(map, schema, path, keeps);
                break;
            case JsonArray list when !keeps || schema is { Items: not null }:
                for (var i = 0; i < list.Count; i++)
                {
                    Visit(list[i], schema?.Items, $"{path}[{i}]", keeps);
                }

                break;
        }
    }

    private void VisitMap(JsonObject map, JsonSchema? schema, string path, bool keeps)
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
            else if (schema is { HasAdditional: true })
            {
                Visit(value, schema.AdditionalProperties, here);
            }
            else if (!keeps)
            {
                dropped.Add(name);
                _dropped.Add(here);
            }
        }

        JsonTree.RemoveAll(map, dropped);
    }
}
