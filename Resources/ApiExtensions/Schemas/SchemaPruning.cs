using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Resources.ApiExtensions.Schemas;

/// <summary>
/// Drops what a schema does not specify (upstream's structural pruning). Type and metadata of embedded objects stay.
/// </summary>
public sealed class SchemaPruning
{
    private readonly ValuePath _path = new();
    private List<string>? _dropped;

    private SchemaPruning()
    {
    }

    /// <summary>Drops, and says what.</summary>
    /// <param name="body">A custom object without its type and metadata.</param>
    /// <param name="schema">Its schema; null for one that says nothing.</param>
    public static IReadOnlyList<string> Prune(JsonObject body, JsonSchema? schema) =>
        schema is null ? [] : PruneValue(body, schema);

    /// <summary>The same of any value that a schema describes.</summary>
    public static IReadOnlyList<string> PruneValue(JsonNode? value, JsonSchema schema)
    {
        var walk = new SchemaPruning();
        walk.Visit(value, schema);
        return walk._dropped ?? (IReadOnlyList<string>)[];
    }

    /// <param name="node">A value.</param>
    /// <param name="schema">What it is like.</param>
    /// <param name="keeps">It is in a list that keeps what is not specified.</param>
    private void Visit(JsonNode? node, JsonSchema? schema, bool keeps = false)
    {
        keeps |= schema is { IsPreserving: true };
        switch (node)
        {
            case JsonObject map:
                VisitMap(map, schema, keeps);
                break;
            case JsonArray list when !keeps || schema is { Items: not null }:
                VisitList(list, schema?.Items, keeps);
                break;
        }
    }

    private void VisitList(JsonArray list, JsonSchema? items, bool keeps)
    {
        for (var i = 0; i < list.Count; i++)
        {
            if (list[i] is JsonObject or JsonArray)
            {
                _path.Enter(i);
                Visit(list[i], items, keeps);
                _path.Leave();
            }
        }
    }

    private void VisitMap(JsonObject map, JsonSchema? schema, bool keeps)
    {
        List<string>? dropped = null;
        for (var i = 0; i < map.Count; i++)
        {
            var (name, value) = map.GetAt(i);
            if (schema is { IsEmbedded: true } && name is "apiVersion" or "kind" or "metadata")
            {
                continue;
            }

            if (schema?.Properties.TryGetValue(name, out var property) == true)
            {
                VisitField(name, value, property);
            }
            else if (schema is { HasAdditional: true })
            {
                VisitField(name, value, schema.AdditionalProperties);
            }
            else if (!keeps)
            {
                (dropped ??= []).Add(name);
                _path.Enter(name);
                (_dropped ??= []).Add(_path.ToString());
                _path.Leave();
            }
        }

        if (dropped is not null)
        {
            JsonTree.RemoveAll(map, dropped);
        }
    }

    private void VisitField(string name, JsonNode? value, JsonSchema? schema)
    {
        if (value is JsonObject or JsonArray)
        {
            _path.Enter(name);
            Visit(value, schema);
            _path.Leave();
        }
    }
}
