using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Schemas;

/// <summary>What tells the elements of sets and keyed lists of custom objects apart.</summary>
public static class ListKeys
{
    /// <summary>The identity of an element; empty when there is none.</summary>
    public static string Of(JsonNode? item, JsonSchema list) => list.ListType switch
    {
        "set" => Text(item),
        "map" when item is JsonObject map => string.Join(',', list.ListMapKeys.Select(k => Text(map[k]))),
        _ => "",
    };

    /// <summary>The elements of a list by identity; null when they have none.</summary>
    public static Dictionary<string, JsonNode?>? Index(JsonArray? items, JsonSchema list)
    {
        if (items is null || list.ListType is not ("set" or "map"))
        {
            return null;
        }

        var result = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (var item in items)
        {
            result.TryAdd(Of(item, list), item);
        }

        return result;
    }

    /// <summary>Elements that are there twice.</summary>
    public static void Validate(JsonNode? value, JsonSchema? schema, FieldPath? path, FieldErrors errors)
    {
        switch (value)
        {
            case JsonObject map when schema is not null:
                foreach (var (name, inner) in map)
                {
                    if (schema.Properties.TryGetValue(name, out var property))
                    {
                        Validate(inner, property, path?.Child(name) ?? FieldPath.Of(name), errors);
                    }
                    else
                    {
                        Validate(inner, schema.AdditionalProperties, path?.Key(name), errors);
                    }
                }

                break;
            case JsonArray list when schema is not null && path is not null:
                ValidateList(list, schema, path, errors);
                break;
        }
    }

    private static void ValidateList(JsonArray list, JsonSchema schema, FieldPath path, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < list.Count; i++)
        {
            if (schema.ListType is "set" or "map" && !seen.Add(Of(list[i], schema)))
            {
                errors.Duplicate(path.Index(i), Shown(list[i], schema));
            }
        }

        for (var i = 0; i < list.Count; i++)
        {
            Validate(list[i], schema.Items, path.Index(i), errors);
        }
    }

    /// <summary>A text as it is; of an object in a keyed list its keys.</summary>
    private static object? Shown(JsonNode? item, JsonSchema schema)
    {
        if (schema.ListType == "map" && item is JsonObject map)
        {
            var keys = schema.ListMapKeys.Where(map.ContainsKey).Order(StringComparer.Ordinal);
            return new RawJson($"{{{string.Join(',', keys.Select(k => $"{GoText.Json(k)}:{Text(map[k])}"))}}}");
        }

        return new RawJson(Text(item));
    }

    private static string Text(JsonNode? node) => node?.ToJsonString() ?? "null";
}
