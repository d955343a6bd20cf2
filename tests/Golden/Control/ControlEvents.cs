using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Golden.Control;

/// <summary>
/// Events as recordings compare them: a set, without names, times and counts. How many objects there were is kept for
/// the reasons where it matters.
/// </summary>
internal static class ControlEvents
{
    private static readonly string[] Counted = ["SuccessfulCreate", "SuccessfulDelete"];

    /// <summary>Whose events depend on the clock.</summary>
    private static readonly string[] Left = ["ipallocator-repair-controller", "portallocator-repair-controller"];

    private static readonly string[] Kept = ["type", "reason", "message", "action"];

    /// <summary>The set of what these events say, sorted.</summary>
    public static JsonArray Collapse(JsonArray events)
    {
        var seen = new SortedDictionary<string, (JsonObject Event, int Objects)>(StringComparer.Ordinal);
        foreach (var said in events.OfType<JsonObject>().Select(Said).Where(IsCompared))
        {
            var key = GoldenJson.SortKey(said);
            seen[key] = (said, seen.GetValueOrDefault(key).Objects + 1);
        }

        foreach (var (said, objects) in seen.Values.Where(s => Counted.Contains((string?)s.Event["reason"])))
        {
            said["objects"] = objects;
        }

        return new JsonArray([.. seen.Values.Select(s => s.Event).OrderBy(GoldenJson.SortKey, StringComparer.Ordinal)]);
    }

    private static bool IsCompared(JsonObject said) =>
        !Left.Contains((string?)said["source"]) &&
        ((string?)said["message"])?.StartsWith("(combined from similar events)", StringComparison.Ordinal) != true;

    private static JsonObject Said(JsonObject item)
    {
        var said = Some(item, Kept);
        said["involvedObject"] = Some(item["involvedObject"], ["kind", "name", "fieldPath"]);
        if ((NotEmpty(item["source"]?["component"]) ?? NotEmpty(item["reportingComponent"])) is { } source)
        {
            said["source"] = source;
        }

        if (item["related"] is JsonObject related)
        {
            said["related"] = Some(related, ["kind", "name"]);
        }

        return said;
    }

    private static JsonObject Some(JsonNode? item, string[] names)
    {
        var some = new JsonObject();
        foreach (var name in names)
        {
            if (NotEmpty(item?[name]) is { } value)
            {
                some[name] = value;
            }
        }

        return some;
    }

    private static string? NotEmpty(JsonNode? value) => (string?)value is { Length: > 0 } text ? text : null;
}
