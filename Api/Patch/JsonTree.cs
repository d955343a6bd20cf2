using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Patch;

/// <summary>
/// JSON as a mutable tree. Unlike JsonNode.Parse it takes duplicate keys as Go does: the last one wins, and is
/// reported.
/// </summary>
public static class JsonTree
{
    /// <summary>Nesting that is accepted in patches and patched objects.</summary>
    public const int MaxDepth = 500;

    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = MaxDepth };

    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true, MaxDepth = MaxDepth * 2,
    };

    /// <summary>Parses a document; throws JsonException when it is malformed. Null stands for JSON's null.</summary>
    /// <param name="json">The bytes.</param>
    /// <param name="duplicates">Takes the paths of duplicate keys; may be null.</param>
    public static JsonNode? Parse(ReadOnlySpan<byte> json, ICollection<string>? duplicates = null)
    {
        var reader = new Utf8JsonReader(json, ReaderOptions);
        reader.Read();
        var result = Value(ref reader, "", duplicates);
        reader.Read();
        return result;
    }

    /// <summary>
    /// A document that we wrote ourselves, as a tree that is parsed only where it is looked at: what a patch does not
    /// touch is copied as it stands.
    /// </summary>
    public static JsonNode? ParseCommitted(ReadOnlySpan<byte> json) =>
        JsonNode.Parse(json, documentOptions: new JsonDocumentOptions { MaxDepth = MaxDepth });

    /// <summary>A copy with the keys of all objects in order, as Go writes its maps.</summary>
    public static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(
            map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, Sorted(p.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        _ => node?.DeepClone(),
    };

    /// <summary>Compact UTF-8 JSON.</summary>
    /// <param name="node">The tree.</param>
    /// <param name="expected">About how many bytes it will be; a good guess spares copies.</param>
    public static ReadOnlyMemory<byte> ToBytes(JsonNode? node, int expected = 1024)
    {
        var buffer = new ArrayBufferWriter<byte>(expected);
        using var writer = new Utf8JsonWriter(buffer, WriterOptions);
        if (node is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            node.WriteTo(writer);
        }

        writer.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>JSON equality: numbers by value, objects by key set.</summary>
    public static bool AreEqual(JsonNode? left, JsonNode? right) => JsonNode.DeepEquals(left, right);

    /// <summary>Go's name for the type of a node, as in "cannot unmarshal X into …".</summary>
    public static string Describe(JsonNode? node) => node?.GetValueKind() switch
    {
        JsonValueKind.Array => "array",
        JsonValueKind.Object => "object",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        JsonValueKind.True or JsonValueKind.False => "bool",
        _ => "null",
    };

    /// <summary>The text of a string node, else null.</summary>
    public static string? Text(JsonNode? node) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    private static JsonNode? Value(ref Utf8JsonReader reader, string path, ICollection<string>? duplicates) =>
        reader.TokenType switch
    {
        JsonTokenType.StartObject => Object(ref reader, path, duplicates),
        JsonTokenType.StartArray => Array(ref reader, path, duplicates),
        JsonTokenType.Null => null,
        JsonTokenType.String => JsonValue.Create(JsonStrings.Read(ref reader)),
        JsonTokenType.True or JsonTokenType.False => JsonValue.Create(reader.TokenType == JsonTokenType.True),
        _ => JsonValue.Create(JsonElement.ParseValue(ref reader)),
    };

    private static JsonObject Object(ref Utf8JsonReader reader, string path, ICollection<string>? duplicates)
    {
        var result = new JsonObject();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = JsonStrings.Read(ref reader);
            var here = duplicates is null ? "" : path.Length == 0 ? name : $"{path}.{name}";
            if (duplicates is not null && result.ContainsKey(name))
            {
                duplicates.Add(here);
            }

            reader.Read();
            result[name] = Value(ref reader, here, duplicates);
        }

        return result;
    }

    private static JsonArray Array(ref Utf8JsonReader reader, string path, ICollection<string>? duplicates)
    {
        var result = new JsonArray();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            result.Add(Value(ref reader, duplicates is null ? "" : $"{path}[{result.Count}]", duplicates));
        }

        return result;
    }
}
