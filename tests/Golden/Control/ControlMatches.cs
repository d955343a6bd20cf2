using System.Globalization;
using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Golden.Control;

/// <summary>The objects for which a step is done.</summary>
internal static class ControlMatches
{
    /// <summary>Those of a list that a step means, in its order.</summary>
    public static async Task<List<JsonObject>> FindAsync(
        ControlClient client, JsonObject each, ControlVariables variables)
    {
        var answer =
            await client.SendAsync(new JsonObject { ["method"] = "GET", ["path"] = (string)each["list"]! }, variables);
        var items = answer.Status == 200
            ? (ControlShape.Parse(answer.Body)?["items"] as JsonArray ?? []).OfType<JsonObject>() : [];
        var found = items.Where(i => (each["where"] as JsonArray ?? []).All(c => Holds(c!.AsArray(), i, variables)))
            .OrderBy(
                i => each["order"] is { } order ? $"{GoldenJson.Get(i, $"$.{order}")}" : "", StringComparer.Ordinal)
            .ThenBy(i => (string)i["metadata"]!["name"]!, StringComparer.Ordinal).ToList();
        if ((bool?)each["reverse"] == true)
        {
            found.Reverse();
        }

        return found;
    }

    /// <summary>What the request may say of an object.</summary>
    public static Dictionary<string, string> Variables(JsonObject each, JsonObject item, int place)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["item"] = (string)item["metadata"]!["name"]!,
            ["i"] = place.ToString(CultureInfo.InvariantCulture),
            ["uid"] = (string)item["metadata"]!["uid"]!,
            ["ns"] = (string?)item["metadata"]!["namespace"] ?? "",
        };
        foreach (var (name, path) in each["itemVars"]?.AsObject() ?? [])
        {
            variables[name] = $"{GoldenJson.Get(item, $"$.{path}")}";
        }

        return variables;
    }

    private static bool Holds(JsonArray condition, JsonObject item, ControlVariables variables)
    {
        var value = GoldenJson.Get(item, $"$.{condition[0]}");
        var wanted = condition[2] is JsonValue text && text.GetValueKind() == System.Text.Json.JsonValueKind.String
            ? JsonValue.Create(variables.Substitute((string)text!))
            : condition[2];
        return (string)condition[1]! switch
        {
            "==" => JsonNode.DeepEquals(value, wanted),
            "!=" => !JsonNode.DeepEquals(value, wanted),
            "exists" => value is not null,
            "absent" => value is null,
            "in" => wanted!.AsArray().Any(w => JsonNode.DeepEquals(w, value)),
            "notin" => !wanted!.AsArray().Any(w => JsonNode.DeepEquals(w, value)),
            var other => throw new FormatException($"no such operator: {other}"),
        };
    }
}
