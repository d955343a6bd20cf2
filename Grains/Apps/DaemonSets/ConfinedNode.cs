using System.Text.Json;

namespace OrleansOrchestrator.Grains.Apps.DaemonSets;

/// <summary>
/// Reads which node a pod is confined to by name, straight from its bytes: a set of thousands asks this of each of its
/// pods while they wait for their nodes.
/// </summary>
internal static class ConfinedNode
{
    private static readonly string[] Terms =
    [
        "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms",
    ];

    /// <summary>The one node that the first such requirement names; null when there is none.</summary>
    public static string? Of(ReadOnlySpan<byte> pod)
    {
        var reader = new Utf8JsonReader(pod);
        reader.Read();
        foreach (var name in Terms)
        {
            if (!Enter(ref reader, name))
            {
                return null;
            }
        }

        return reader.TokenType != JsonTokenType.StartArray ? null : JsonElement.ParseValue(ref reader)
            .EnumerateArray()
            .SelectMany(static t => Items(t, "matchFields"))
            .Where(static f => Is(f, "key", DaemonPods.NameField) && Is(f, "operator", "In"))
            .Select(static f => Items(f, "values").ToList())
            .FirstOrDefault(static v => v.Count == 1)?[0].GetString();
    }

    private static bool Enter(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isFound = reader.ValueTextEquals(name);
            reader.Read();
            if (isFound)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }

    private static IEnumerable<JsonElement> Items(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : [];

    private static bool Is(JsonElement parent, string name, string text) =>
        parent.TryGetProperty(name, out var value) && value.ValueEquals(text);
}
