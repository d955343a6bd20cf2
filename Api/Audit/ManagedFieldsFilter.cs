using System.Text.Json;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>Writes an object, or a list of objects, without who owns which fields.</summary>
internal static class ManagedFieldsFilter
{
    public static void Write(Utf8JsonWriter writer, JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object)
        {
            item.WriteTo(writer);
            return;
        }

        writer.WriteStartObject();
        foreach (var property in item.EnumerateObject())
        {
            if (property.NameEquals("metadata"u8) && property.Value.ValueKind == JsonValueKind.Object)
            {
                WriteMetadata(writer, property.Value);
            }
            else if (property.NameEquals("items"u8) && property.Value.ValueKind == JsonValueKind.Array)
            {
                WriteItems(writer, property.Value);
            }
            else
            {
                property.WriteTo(writer);
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteItems(Utf8JsonWriter writer, JsonElement items)
    {
        writer.WriteStartArray("items"u8);
        foreach (var item in items.EnumerateArray())
        {
            Write(writer, item);
        }

        writer.WriteEndArray();
    }

    private static void WriteMetadata(Utf8JsonWriter writer, JsonElement metadata)
    {
        writer.WriteStartObject("metadata"u8);
        foreach (var property in metadata.EnumerateObject())
        {
            if (!property.NameEquals("managedFields"u8))
            {
                property.WriteTo(writer);
            }
        }

        writer.WriteEndObject();
    }
}
