using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Resources.ApiExtensions.Schemas;

/// <summary>
/// Fills in the defaults of a schema, and takes away nulls where none may be (upstream's structural defaulting).
/// </summary>
public static class SchemaDefaults
{
    public static void Apply(JsonNode? node, JsonSchema? schema)
    {
        switch (node)
        {
            case JsonObject map when schema is not null:
                ApplyToMap(map, schema);
                break;
            case JsonArray list when schema?.Items is { } items:
                for (var i = 0; i < list.Count; i++)
                {
                    if (list[i] is null && IsReplaced(items))
                    {
                        list[i] = Make(items);
                    }

                    Apply(list[i], items);
                }

                break;
        }
    }

    /// <summary>Takes away nulls where none may be, but for those that have a default.</summary>
    public static void DropNulls(JsonNode? node, JsonSchema? schema)
    {
        switch (node)
        {
            case JsonObject map when schema is not null:
                var gone = map
                    .Where(p => p.Value is null && schema.At(p.Key) is { Nullable: false, Default: null })
                    .Select(static p => p.Key).ToList();
                JsonTree.RemoveAll(map, gone);
                foreach (var (name, value) in map)
                {
                    DropNulls(value, schema.At(name));
                }

                break;
            case JsonArray list when schema?.Items is { } items:
                foreach (var item in list)
                {
                    DropNulls(item, items);
                }

                break;
        }
    }

    private static void ApplyToMap(JsonObject map, JsonSchema schema)
    {
        if (schema.HasDefaults)
        {
            FillIn(map, schema);
        }

        List<string>? gone = null;
        for (var i = 0; i < map.Count; i++)
        {
            var (name, value) = map.GetAt(i);
            if (schema.At(name) is not { } inner)
            {
                continue;
            }

            if (value is null && IsReplaced(inner))
            {
                map[name] = value = Make(inner);
            }
            else if (value is null && !inner.Nullable)
            {
                (gone ??= []).Add(name);
            }

            Apply(value, inner);
        }

        if (gone is not null)
        {
            JsonTree.RemoveAll(map, gone);
        }
    }

    private static void FillIn(JsonObject map, JsonSchema schema)
    {
        foreach (var (name, property) in schema.Properties)
        {
            if (property.Default is not null
                && (!map.TryGetPropertyValue(name, out var given) || (given is null && !property.Nullable)))
            {
                map[name] = Make(property);
            }
        }
    }

    private static bool IsReplaced(JsonSchema schema) => schema is { Nullable: false, Default: not null };

    private static JsonNode? Make(JsonSchema schema) => JsonTree.Copy(schema.Default!.Value);
}
