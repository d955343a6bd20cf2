using System.Text.Json;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Core.Pods;

/// <summary>
/// Reads which node a pod is confined to by name, straight from its bytes: a set of thousands asks this of each of its
/// pods while they wait for their nodes.
/// </summary>
internal static class ConfinedNode
{
    /// <summary>The field that a requirement names a node by.</summary>
    public const string NameField = "metadata.name";

    private static readonly byte[][] Terms =
    [
        "spec"u8.ToArray(), "affinity"u8.ToArray(), "nodeAffinity"u8.ToArray(),
        "requiredDuringSchedulingIgnoredDuringExecution"u8.ToArray(), "nodeSelectorTerms"u8.ToArray(),
    ];

    /// <summary>The one node that the first such requirement names; null when there is none.</summary>
    public static string? Of(ReadOnlySpan<byte> pod)
    {
        var reader = new Utf8JsonReader(pod);
        reader.Read();
        if (!CommittedJson.Find(ref reader, Terms) || reader.TokenType != JsonTokenType.StartArray)
        {
            return null;
        }

        return JsonElement.ParseValue(ref reader).EnumerateArray()
            .SelectMany(static t => Items(t, "matchFields"))
            .Where(static f => Is(f, "key", NameField) && Is(f, "operator", "In"))
            .Select(static f => Items(f, "values").ToList())
            .FirstOrDefault(static v => v.Count == 1)?[0].GetString();
    }

    private static IEnumerable<JsonElement> Items(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : [];

    private static bool Is(JsonElement parent, string name, string text) =>
        parent.TryGetProperty(name, out var value) && value.ValueEquals(text);
}
