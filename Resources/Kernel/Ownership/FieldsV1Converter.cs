using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>For who writes models with their own serializer, as messages that quote one do: the set as it is.</summary>
internal sealed class FieldsV1Converter : JsonConverter<FieldsV1>
{
    public override FieldsV1 Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return FieldsV1.Of(JsonSerializer.SerializeToUtf8Bytes(document.RootElement));
    }

    public override void Write(Utf8JsonWriter writer, FieldsV1 value, JsonSerializerOptions options) =>
        writer.WriteRawValue(value.Json, skipInputValidation: true);
}
