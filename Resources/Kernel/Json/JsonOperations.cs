using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>
/// The operations of a JSON patch. Upstream decodes a patch twice: to validate it, and by the library that applies it.
/// </summary>
public static class JsonOperations
{
    private const string Value = "value";

    private static readonly string[] Fields = ["op", "path", "from", Value];

    /// <summary>Reads a patch; throws JsonException when it is malformed.</summary>
    /// <param name="json">The bytes.</param>
    /// <param name="decoding">Takes what is no operation as errors, and in a validation the strict findings.</param>
    /// <param name="validates">Whether it is validated, too; else it only is to be applied.</param>
    public static List<JsonObject> Read(ReadOnlySpan<byte> json, JsonDecoding decoding, bool validates)
    {
        var reader = JsonTree.Begin(json);
        var result = new List<JsonObject>();
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                decoding.PushIndex(result.Count);
                result.Add(ReadOperation(ref reader, decoding, validates));
                decoding.Pop();
            }
        }
        else
        {
            decoding.WrongType(ref reader, validates ? "[]handlers.jsonPatchOp" : "jsonpatch.Patch");
        }

        reader.Read();
        return result;
    }

    private static JsonObject ReadOperation(ref Utf8JsonReader reader, JsonDecoding decoding, bool validates)
    {
        var result = new JsonObject();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            decoding.WrongType(ref reader, validates ? "handlers.jsonPatchOp" : "jsonpatch.Operation");
            return result;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = JsonStrings.Read(ref reader);
            reader.Read();
            result[name] = validates
                ? ReadField(ref reader, decoding, name, result.ContainsKey(name))
                : JsonTree.Read(ref reader, null);
        }

        return result;
    }

    private static JsonNode? ReadField(
        ref Utf8JsonReader reader, JsonDecoding decoding, string name, bool isDuplicate)
    {
        if (!Fields.Contains(name, StringComparer.Ordinal))
        {
            decoding.Unknown(name);
            return JsonTree.Read(ref reader, null);
        }

        if (isDuplicate)
        {
            decoding.Duplicate(name);
        }

        decoding.PushField("jsonPatchOp", name);
        var result = JsonTree.Read(ref reader, name == Value ? decoding : null);
        if (name != Value && result is not null && JsonTree.Text(result) is null)
        {
            decoding.WrongType(JsonTree.Describe(result), "string");
        }

        decoding.Pop();
        return result;
    }
}
