using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>
/// JSON as a mutable tree. Unlike JsonNode.Parse it takes duplicate keys as Go does: the last one wins, and is
/// reported.
/// </summary>
public static class JsonTree
{
    /// <summary>Nesting that is accepted in patches and patched objects.</summary>
    public const int MaxDepth = 500;

    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = MaxDepth };

    private static readonly JsonDocumentOptions OwnOptions = new() { MaxDepth = CommittedJson.MaxDepth };

    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true, MaxDepth = CommittedJson.MaxDepth,
    };

    /// <summary>Parses a document; throws JsonException when it is malformed. Null stands for JSON's null.</summary>
    /// <param name="json">The bytes.</param>
    /// <param name="decoding">
    /// Takes duplicate keys as findings, and numbers too large for 64 bits as errors; may be null.
    /// </param>
    public static JsonNode? Parse(ReadOnlySpan<byte> json, JsonDecoding? decoding = null)
    {
        var reader = Begin(json);
        var result = Read(ref reader, decoding);
        reader.Read();
        return result;
    }

    /// <summary>A reader at the first token.</summary>
    internal static Utf8JsonReader Begin(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, ReaderOptions);
        reader.Read();
        return reader;
    }

    /// <summary>Reads the value at which a reader stands.</summary>
    /// <param name="reader">The reader.</param>
    /// <param name="decoding">Takes findings and errors, as in <see cref="Parse"/>; may be null.</param>
    /// <param name="rounds">Whether numbers become what Go makes of them, 64 bits whole, else a float.</param>
    internal static JsonNode? Read(ref Utf8JsonReader reader, JsonDecoding? decoding, bool rounds = false) =>
        reader.TokenType switch
        {
            JsonTokenType.StartObject => Object(ref reader, decoding, rounds),
            JsonTokenType.StartArray => Array(ref reader, decoding, rounds),
            JsonTokenType.Null => null,
            JsonTokenType.String => JsonValue.Create(JsonStrings.Read(ref reader)),
            JsonTokenType.True or JsonTokenType.False => JsonValue.Create(reader.TokenType == JsonTokenType.True),
            _ => Number(ref reader, decoding, rounds),
        };

    /// <summary>
    /// A document that we wrote ourselves, for trees that are parsed only where they are looked at: what a patch does
    /// not touch is copied as it stands.
    /// </summary>
    public static JsonDocument ParseCommitted(ReadOnlyMemory<byte> json) => JsonDocument.Parse(json, OwnOptions);

    /// <summary>A tree of what we wrote ourselves.</summary>
    public static JsonNode ParseOwn(ReadOnlySpan<byte> json) => JsonNode.Parse(json, null, OwnOptions)!;

    /// <summary>A copy as a tree, whose numbers and texts are as they stand; null stands for JSON's null.</summary>
    public static JsonNode? Copy(JsonElement value) => JsonNode.Parse(value.GetRawText(), null, OwnOptions);

    /// <summary>What we wrote ourselves, as an element that stays.</summary>
    public static JsonElement ParseElement(ReadOnlySpan<byte> json) => JsonElement.Parse(json, OwnOptions);

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

    /// <summary>Compact UTF-8 JSON with the keys of all objects in order, as Go writes its maps.</summary>
    public static ReadOnlyMemory<byte> ToSortedBytes(JsonNode? node, int expected = 1024)
    {
        using var document = ParseCommitted(ToBytes(node, expected));
        var output = new ArrayBufferWriter<byte>(expected);
        WriteSorted(document.RootElement, output);
        return output.WrittenMemory;
    }

    /// <summary>
    /// Removes fields, those that are not there too. One by one it would take the square of their number: whatever
    /// stands behind a field that goes is moved. From so many on the object is filled anew.
    /// </summary>
    public static void RemoveAll(JsonObject map, IReadOnlyCollection<string> names)
    {
        const int Many = 16;
        if (names.Count < Many)
        {
            foreach (var name in names)
            {
                map.Remove(name);
            }

            return;
        }

        var gone = names.ToHashSet(StringComparer.Ordinal);
        Refill(map, map.Where(p => !gone.Contains(p.Key)));
    }

    /// <summary>Puts the fields of an object in the order of their names.</summary>
    public static void Sort(JsonObject map)
    {
        if (!IsInOrder(map))
        {
            Refill(map, InOrder(map));
        }
    }

    private static void Refill(JsonObject map, IEnumerable<KeyValuePair<string, JsonNode?>> fields)
    {
        var kept = fields.ToList();
        map.Clear();
        foreach (var (name, value) in kept)
        {
            map.Add(name, value);
        }
    }

    /// <summary>The fields of an object in the order of their names, in which most objects have them already.</summary>
    public static IEnumerable<KeyValuePair<string, JsonNode?>> InOrder(JsonObject map) =>
        IsInOrder(map) ? map : map.OrderBy(static p => p.Key, StringComparer.Ordinal);

    private static bool IsInOrder(JsonObject map)
    {
        for (var i = 1; i < map.Count; i++)
        {
            if (string.CompareOrdinal(map.GetAt(i - 1).Key, map.GetAt(i).Key) > 0)
            {
                return false;
            }
        }

        return true;
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

    private static void WriteSorted(JsonElement value, ArrayBufferWriter<byte> output)
    {
        var separator = ""u8;
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                var fields = value.EnumerateObject().ToArray();
                fields.AsSpan().Sort(static (l, r) => KeyOf(l).SequenceCompareTo(KeyOf(r)));
                output.Write("{"u8);
                foreach (var field in fields)
                {
                    output.Write(separator);
                    output.Write("\""u8);
                    output.Write(JsonMarshal.GetRawUtf8PropertyName(field));
                    output.Write("\":"u8);
                    WriteSorted(field.Value, output);
                    separator = ","u8;
                }

                output.Write("}"u8);
                break;
            case JsonValueKind.Array:
                output.Write("["u8);
                foreach (var item in value.EnumerateArray())
                {
                    output.Write(separator);
                    WriteSorted(item, output);
                    separator = ","u8;
                }

                output.Write("]"u8);
                break;
            default:
                output.Write(JsonMarshal.GetRawUtf8Value(value));
                break;
        }
    }

    /// <summary>A key as Go compares it: by its bytes.</summary>
    private static ReadOnlySpan<byte> KeyOf(JsonProperty field)
    {
        var raw = JsonMarshal.GetRawUtf8PropertyName(field);
        return raw.Contains((byte)'\\') ? Encoding.UTF8.GetBytes(field.Name) : raw;
    }

    private static JsonValue? Number(ref Utf8JsonReader reader, JsonDecoding? decoding, bool rounds)
    {
        if (rounds && reader.TryGetInt64(out var whole))
        {
            return JsonValue.Create(whole);
        }

        var number = rounds || decoding is not null ? reader.GetDouble() : 0;
        if (!double.IsFinite(number))
        {
            decoding?.WrongNumber(ref reader, "float64");
            return null;
        }

        return rounds ? JsonValue.Create(number) : JsonValue.Create(JsonElement.ParseValue(ref reader));
    }

    private static JsonObject Object(ref Utf8JsonReader reader, JsonDecoding? decoding, bool rounds)
    {
        var result = new JsonObject();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = JsonStrings.Read(ref reader);
            if (decoding is not null && result.ContainsKey(name))
            {
                decoding.Duplicate(name);
            }

            reader.Read();
            decoding?.PushKey(name);
            result[name] = Read(ref reader, decoding, rounds);
            decoding?.Pop();
        }

        return result;
    }

    private static JsonArray Array(ref Utf8JsonReader reader, JsonDecoding? decoding, bool rounds)
    {
        var result = new JsonArray();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            decoding?.PushIndex(result.Count);
            result.Add(Read(ref reader, decoding, rounds));
            decoding?.Pop();
        }

        return result;
    }
}
