using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansOrchestrator.Logs.Search;

/// <summary>
/// What a node is told of a stream: its number and how far it is kept; 0 for one that is not the node's.
/// </summary>
public sealed record LogStreamAnswer(long Id = 0, long File = 0, long Offset = 0, long Sequence = 0);

/// <summary>The bodies with which a node opens streams.</summary>
public static class LogStreamList
{
    public static byte[] Write(IReadOnlyCollection<StreamName> streams) =>
        JsonSerializer.SerializeToUtf8Bytes(new Streams([.. streams]), LogJson.Default.Streams);

    /// <summary>Null for what is none, and for more than so many.</summary>
    public static IReadOnlyList<StreamName>? Read(ReadOnlySpan<byte> body, int most)
    {
        var read = TryRead(body, LogJson.Default.Streams)?.Items;
        return read?.Length <= most && read.All(IsWhole) ? read : null;
    }

    public static byte[] WriteAnswers(IReadOnlyCollection<LogStreamAnswer> answers) =>
        JsonSerializer.SerializeToUtf8Bytes(new Answers([.. answers]), LogJson.Default.Answers);

    /// <summary>The answers in the order of what was asked; null for what is none.</summary>
    public static IReadOnlyList<LogStreamAnswer>? ReadAnswers(ReadOnlySpan<byte> body) =>
        TryRead(body, LogJson.Default.Answers)?.Items;

    private static T? TryRead<T>(ReadOnlySpan<byte> body, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(body, type);
        }
        catch (JsonException)
        {
            // Null says it.
            return null;
        }
    }

    private static bool IsWhole(StreamName? name) =>
        name is { Namespace: not null, Pod: not null, Uid: not null, Container: not null, Restart: >= 0 };
}

internal sealed record Streams([property: JsonPropertyName("streams")] StreamName[]? Items);

internal sealed record Answers([property: JsonPropertyName("streams")] LogStreamAnswer[]? Items);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Streams))]
[JsonSerializable(typeof(Answers))]
internal sealed partial class LogJson : JsonSerializerContext;
