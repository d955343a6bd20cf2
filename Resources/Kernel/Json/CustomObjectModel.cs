using System.Text.Json;
using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>Custom objects in JSON. Numbers become what Go makes of them: 64 bits whole, else a float.</summary>
internal sealed class CustomObjectModel : IModelCodec
{
    private static readonly StringCodec Texts = new();

    public string GoName => "Unstructured";

    /// <summary>What reads, writes and compares the metadata of all of them.</summary>
    public static ModelCodec<V1ObjectMeta> Metadata { get; } =
        (ModelCodec<V1ObjectMeta>)CodecTable.Model(typeof(V1ObjectMeta));

    public object ReadModel(ref Utf8JsonReader reader, JsonDecoding decoding)
    {
        var item = new CustomObject();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            decoding.WrongType(ref reader, "map[string]interface {}");
            return item;
        }

        Span<bool> seen = stackalloc bool[CustomObject.TypeAndMetadata.Length];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = JsonStrings.Read(ref reader);
            var at = Array.IndexOf(CustomObject.TypeAndMetadata, name);
            if (at < 0 ? item.Body.ContainsKey(name) : seen[at])
            {
                decoding.Duplicate(name);
            }

            if (at >= 0)
            {
                seen[at] = true;
            }

            reader.Read();
            decoding.PushKey(name);
            ReadField(ref reader, decoding, item, name);
            decoding.Pop();
        }

        decoding.UnknownLast();
        return item;
    }

    public void WriteModel(Utf8JsonWriter writer, object value, JsonEncoding encoding)
    {
        var item = (CustomObject)value;
        encoding.SortsFields = true;
        writer.WriteStartObject();
        var own = 0;
        foreach (var (name, field) in JsonTree.InOrder(item.Body))
        {
            for (; own < CustomObject.TypeAndMetadata.Length
                && string.CompareOrdinal(CustomObject.TypeAndMetadata[own], name) < 0; own++)
            {
                WriteOwn(writer, item, CustomObject.TypeAndMetadata[own], encoding);
            }

            writer.WritePropertyName(name);
            Write(writer, field);
        }

        for (; own < CustomObject.TypeAndMetadata.Length; own++)
        {
            WriteOwn(writer, item, CustomObject.TypeAndMetadata[own], encoding);
        }

        writer.WriteEndObject();
    }

    public FieldChanges? ChangesBetween(object left, object right) => null;

    private static void ReadField(ref Utf8JsonReader reader, JsonDecoding decoding, CustomObject item, string name)
    {
        switch (name)
        {
            case "apiVersion":
                item.ApiVersion = Texts.Read(ref reader, decoding, item.ApiVersion, Texts.GoType);
                break;
            case "kind":
                item.Kind = Texts.Read(ref reader, decoding, item.Kind, Texts.GoType);
                break;
            case "metadata":
                item.Metadata = Metadata.Read(ref reader, decoding, null, Metadata.GoType) ?? item.Metadata;
                break;
            default:
                item.Body[name] = JsonTree.Read(ref reader, decoding, rounds: true);
                break;
        }
    }

    private static void WriteOwn(Utf8JsonWriter writer, CustomObject item, string name, JsonEncoding encoding)
    {
        switch (name)
        {
            case "apiVersion":
                WriteText(writer, name, item.ApiVersion);
                break;
            case "kind":
                WriteText(writer, name, item.Kind);
                break;
            default:
                writer.WritePropertyName(name);
                Metadata.Write(writer, item.Metadata, encoding);
                break;
        }
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            writer.WriteString(name, value);
        }
    }

    private static void Write(Utf8JsonWriter writer, JsonNode? node)
    {
        switch (node)
        {
            case null:
                writer.WriteNullValue();
                break;
            case JsonObject map:
                writer.WriteStartObject();
                foreach (var (name, value) in JsonTree.InOrder(map))
                {
                    writer.WritePropertyName(name);
                    Write(writer, value);
                }

                writer.WriteEndObject();
                break;
            case JsonArray list:
                writer.WriteStartArray();
                foreach (var item in list)
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            case JsonValue value when IsFloat(value, out var number):
                GoFloats.Write(writer, number);
                break;
            default:
                node.WriteTo(writer);
                break;
        }
    }

    /// <summary>Whether a value is a number that Go holds as a float.</summary>
    private static bool IsFloat(JsonValue value, out double number)
    {
        number = 0;
        return value.GetValueKind() == JsonValueKind.Number
            && !value.TryGetValue<long>(out _)
            && value.TryGetValue(out number);
    }
}
