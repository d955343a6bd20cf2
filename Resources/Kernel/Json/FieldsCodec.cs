using System.Runtime.InteropServices;
using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>
/// The sets of managedFields: kept as bytes, since most objects are decoded by those who never look at them.
/// </summary>
internal sealed class FieldsCodec : ValueCodec<object>
{
    public override string GoType => "interface {}";

    public override object Zero => FieldsV1.Of(FieldSet.Empty);

    public override object? Read(ref Utf8JsonReader reader, JsonDecoding decoding, object? existing, string goType)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return existing;
        }

        if (decoding.Source.IsEmpty)
        {
            return FieldsV1.Of(JsonMarshal.GetRawUtf8Value(JsonElement.ParseValue(ref reader)).ToArray());
        }

        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return FieldsV1.Of(decoding.Source[start..(int)reader.BytesConsumed]);
    }

    public override void Write(Utf8JsonWriter writer, object value, JsonEncoding encoding) =>
        writer.WriteRawValue(((FieldsV1)value).Json, skipInputValidation: true);

    public override void WriteZero(Utf8JsonWriter writer, JsonEncoding encoding) => writer.WriteNullValue();

    public override bool IsZero(object value) => false;
}
