using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Schemas;

/// <summary>What tells the elements of sets and keyed lists of custom objects apart.</summary>
public static class ListKeys
{
    /// <summary>The identity of an element. A key that is null is another than one that is not there.</summary>
    public static string Of(JsonNode? item, JsonSchema list) => list.ListType == "set"
        ? Text(item)
        : string.Join(',', list.ListMapKeys.Select(
            k => item is JsonObject map && map.TryGetPropertyValue(k, out var key) ? Text(key) : ""));

    /// <summary>The elements of a keyed list by identity; null when there is no list.</summary>
    public static Dictionary<string, JsonNode?>? Index(JsonArray? items, JsonSchema list)
    {
        if (items is null)
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
        if (schema is not { HasKeyedLists: true })
        {
            return;
        }

        switch (value)
        {
            case JsonObject map:
                ValidateMap(map, schema, path, errors);
                break;
            case JsonArray list when path is not null:
                ValidateList(list, schema, path, errors);
                break;
        }
    }

    private static void ValidateMap(JsonObject map, JsonSchema schema, FieldPath? path, FieldErrors errors)
    {
        foreach (var (name, inner) in map)
        {
            if (schema.At(name) is not { HasKeyedLists: true } known)
            {
                continue;
            }

            var place = schema.Properties.ContainsKey(name)
                ? FieldPath.Below(path, name)
                : path?.Key(name);
            Validate(inner, known, place, errors);
        }
    }

    private static void ValidateList(JsonArray list, JsonSchema schema, FieldPath path, FieldErrors errors)
    {
        if (schema.ListType == "set" || (schema.ListType == "map" && AreObjects(list, path, errors)))
        {
            RequireOneOfEach(list, schema, path, errors);
        }

        for (var i = 0; i < list.Count; i++)
        {
            Validate(list[i], schema.Items, path.Index(i), errors);
        }
    }

    /// <summary>Whether all elements can have keys; the first that cannot is told.</summary>
    private static bool AreObjects(JsonArray list, FieldPath path, FieldErrors errors)
    {
        foreach (var (i, item) in list.Index().Where(static l => l.Item is not (null or JsonObject)))
        {
            errors.Invalid(
                path.Index(i), new RawJson(Text(item)), "must be an object for an array of list-type map");
            return false;
        }

        return true;
    }

    /// <summary>Of elements that are the same the second is told, whatever their number.</summary>
    private static void RequireOneOfEach(JsonArray list, JsonSchema schema, FieldPath path, FieldErrors errors)
    {
        var times = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (i, item) in list.Index())
        {
            var key = Of(item, schema);
            times[key] = times.GetValueOrDefault(key) + 1;
            if (times[key] == 2)
            {
                errors.Duplicate(path.Index(i), Shown(item, schema));
            }
        }
    }

    /// <summary>A text as it is; of an element of a keyed list its keys.</summary>
    private static RawJson Shown(JsonNode? item, JsonSchema schema)
    {
        if (schema.ListType == "set")
        {
            return new RawJson(Text(item));
        }

        var keys = item is JsonObject map
            ? map.Where(p => schema.ListMapKeys.Contains(p.Key)).OrderBy(static p => p.Key, StringComparer.Ordinal)
            : Enumerable.Empty<KeyValuePair<string, JsonNode?>>();
        return new RawJson($"{{{string.Join(',', keys.Select(k => $"{GoText.Json(k.Key)}:{Text(k.Value)}"))}}}");
    }

    private static string Text(JsonNode? node) => node?.ToJsonString() ?? "null";
}
