using System.Text.Json;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// Finds the node that a pod of a DaemonSet is for: the one term that it requires names it, and says nothing else.
/// </summary>
internal static class OnlyNodeReader
{
    /// <summary>The name; empty when an affinity is of another kind.</summary>
    /// <param name="reader">At the beginning of the affinity.</param>
    /// <param name="start">Where the name stands, quotes included.</param>
    /// <param name="end">Where it ends.</param>
    public static string Read(Utf8JsonReader reader, out int start, out int end)
    {
        (start, end) = (0, 0);
        if (!CommittedJson.Find(ref reader, "nodeAffinity"u8)
            || !CommittedJson.Find(ref reader, "requiredDuringSchedulingIgnoredDuringExecution"u8)
            || !CommittedJson.Find(ref reader, "nodeSelectorTerms"u8)
            || !Begins(ref reader))
        {
            return "";
        }

        (start, end) = ((int)reader.TokenStartIndex, (int)reader.BytesConsumed);
        var name = reader.GetString()!;
        return Ends(ref reader) ? name : "";
    }

    /// <summary>As the controller writes it, which is the only order of fields that is worth looking for.</summary>
    private static bool Begins(ref Utf8JsonReader reader) => reader.TokenType == JsonTokenType.StartArray
        && Is(ref reader, JsonTokenType.StartObject)
        && Says(ref reader, "matchFields"u8)
        && Is(ref reader, JsonTokenType.StartArray)
        && Is(ref reader, JsonTokenType.StartObject)
        && Says(ref reader, "key"u8)
        && Says(ref reader, "metadata.name"u8)
        && Says(ref reader, "operator"u8)
        && Says(ref reader, "In"u8)
        && Says(ref reader, "values"u8)
        && Is(ref reader, JsonTokenType.StartArray)
        && Is(ref reader, JsonTokenType.String);

    private static bool Ends(ref Utf8JsonReader reader) => Is(ref reader, JsonTokenType.EndArray)
        && Is(ref reader, JsonTokenType.EndObject)
        && Is(ref reader, JsonTokenType.EndArray)
        && Is(ref reader, JsonTokenType.EndObject)
        && Is(ref reader, JsonTokenType.EndArray);

    private static bool Is(ref Utf8JsonReader reader, JsonTokenType type) =>
        reader.Read() && reader.TokenType == type;

    private static bool Says(ref Utf8JsonReader reader, ReadOnlySpan<byte> text) => reader.Read()
        && reader.TokenType is JsonTokenType.PropertyName or JsonTokenType.String
        && reader.ValueTextEquals(text);
}
