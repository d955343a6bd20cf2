using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Golden.Control;

/// <summary>An answer as recordings compare it.</summary>
internal static class ControlShape
{
    private const string OfItems = "$.items[*]";

    /// <summary>Shapes an answer; what it tells anew (captures, hashes) goes into the variables.</summary>
    public static JsonObject Of(JsonObject step, RawAnswer answer, ControlVariables variables)
    {
        var shaped = new JsonObject { ["status"] = answer.Status };
        var document = Parse(answer.Body);
        var normalizer = new ControlNormalizer(variables);
        if (document is null)
        {
            if (answer.Body.Length > 0)
            {
                shaped["bodyText"] = normalizer.Text(Encoding.UTF8.GetString(answer.Body));
            }

            return shaped;
        }

        foreach (var (name, path) in step["capture"]?.AsObject() ?? [])
        {
            if (GoldenJson.Get(document, (string)path!) is { } value)
            {
                variables.Capture(name, value.ToString());
            }
        }

        if (step["noBody"] is null || answer.Status >= 400)
        {
            new ControlHashes(variables).Learn(document);
            shaped["body"] = Body(step, answer.Status, normalizer.Normalize(document)!);
        }

        return shaped;
    }

    public static JsonNode? Parse(byte[] body)
    {
        try
        {
            return body.Length == 0 ? null : JsonNode.Parse(body);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static JsonNode Body(JsonObject step, int status, JsonNode body)
    {
        if (body is JsonObject list && list["items"] is JsonArray items &&
            ((string?)list["kind"])?.EndsWith("List", StringComparison.Ordinal) == true)
        {
            list.Remove("metadata");
            list["items"] = Items(step, (string?)list["kind"] == "EventList" ? ControlEvents.Collapse(items) : items);
            return list;
        }

        foreach (var path in Strings(step["mask"]))
        {
            GoldenJson.Mask(body, GoldenJson.ParsePath(path).ToArray());
        }

        return step["pick"] is JsonArray picked && status < 400 ? Pick(body, picked) : body;
    }

    private static JsonArray Items(JsonObject step, JsonArray items)
    {
        foreach (var path in Strings(step["mask"]).Where(p => p.StartsWith(OfItems, StringComparison.Ordinal)))
        {
            foreach (var item in items)
            {
                GoldenJson.Mask(item, GoldenJson.ParsePath($"${path[OfItems.Length..]}").ToArray());
            }
        }

        return new JsonArray(
        [
            .. items.Where(i => !IsDropped(step["drop"] as JsonObject, i))
                .Select(i => step["pick"] is JsonArray picked ? Pick(i, picked) : i?.DeepClone())
                .OrderBy(GoldenJson.SortKey, StringComparer.Ordinal),
        ]);
    }

    private static bool IsDropped(JsonObject? drop, JsonNode? item) =>
        drop is { Count: > 0 } && drop.All(p => JsonNode.DeepEquals(GoldenJson.Get(item, $"$.{p.Key}"), p.Value));

    private static JsonObject Pick(JsonNode? item, JsonArray paths)
    {
        var picked = new JsonObject();
        foreach (var path in Strings(paths))
        {
            if (GoldenJson.Get(item, path.StartsWith('[') ? $"${path}" : $"$.{path}") is { } value)
            {
                picked[path] = value.DeepClone();
            }
        }

        return picked;
    }

    private static IEnumerable<string> Strings(JsonNode? list) =>
        (list as JsonArray ?? []).Select(static i => (string)i!);
}
