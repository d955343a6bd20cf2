using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Schemas;

/// <summary>Finds the objects that are in others (x-kubernetes-embedded-resource), each before those in it.</summary>
internal static class EmbeddedWalk
{
    /// <param name="value">A value that may be such an object, or have them in it.</param>
    /// <param name="schema">What it is like.</param>
    /// <param name="path">Where it is; null for a whole custom object, which is none of them.</param>
    /// <param name="visit">Is told of each, and where it is.</param>
    public static void Visit(
        JsonNode? value, JsonSchema? schema, FieldPath? path, Action<JsonObject, FieldPath?> visit)
    {
        switch (value)
        {
            case JsonObject map when schema is not null:
                if (schema.IsEmbedded && path is not null)
                {
                    visit(map, path);
                }

                VisitMap(map, schema, path, visit);
                break;
            case JsonArray list when schema?.Items is { } items && path is not null:
                for (var i = 0; i < list.Count; i++)
                {
                    Visit(list[i], items, path.Index(i), visit);
                }

                break;
        }
    }

    /// <summary>A whole object, and those in it.</summary>
    public static void VisitWhole(JsonObject whole, JsonSchema schema, Action<JsonObject, FieldPath?> visit)
    {
        visit(whole, null);
        VisitMap(whole, schema, null, visit);
    }

    private static void VisitMap(
        JsonObject map, JsonSchema schema, FieldPath? path, Action<JsonObject, FieldPath?> visit)
    {
        foreach (var (name, inner) in map)
        {
            if (schema.Properties.TryGetValue(name, out var property))
            {
                Visit(inner, property, FieldPath.Below(path, name), visit);
            }
            else if (schema.AdditionalProperties is { } values && path is not null)
            {
                Visit(inner, values, path.Key(name), visit);
            }
        }
    }
}
