using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Resources.ApiExtensions.Schemas;

/// <summary>
/// What an update has left alone, as upstream sees it (its <c>CorrelatedObject</c>): elements of keyed lists may come
/// in another order, and what has fields that its schema does not specify never counts as left alone. So no whole
/// object does, whose metadata no schema specifies.
/// </summary>
internal static class SameValues
{
    /// <param name="value">After the update.</param>
    /// <param name="old">Before it.</param>
    /// <param name="schema">What both are like.</param>
    public static bool AreSame(JsonNode? value, JsonNode? old, JsonSchema schema) => (value, old) switch
    {
        (JsonArray list, JsonArray before) when schema is { ListType: "map", Items: { } items } =>
            AreSameKeyed(list, before, schema, items),
        (JsonObject map, JsonObject before) => AreSameMaps(map, before, schema),
        _ => JsonNode.DeepEquals(value, old),
    };

    private static bool AreSameKeyed(JsonArray list, JsonArray before, JsonSchema schema, JsonSchema items)
    {
        if (list.Count != before.Count)
        {
            return false;
        }

        var byKey = ListKeys.Index(before, schema)!;
        foreach (var item in list)
        {
            if (!byKey.TryGetValue(ListKeys.Of(item, schema), out var old) || !AreSame(item, old, items))
            {
                return false;
            }
        }

        return true;
    }

    private static bool AreSameMaps(JsonObject map, JsonObject before, JsonSchema schema)
    {
        if (map.Count != before.Count)
        {
            return false;
        }

        foreach (var (name, value) in map)
        {
            if (schema.At(name) is not { } inner
                || !before.TryGetPropertyValue(name, out var old) || !AreSame(value, old, inner))
            {
                return false;
            }
        }

        return true;
    }
}
