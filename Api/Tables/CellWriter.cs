using System.Collections;
using System.Globalization;
using System.Text.Json;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Api.Tables;

/// <summary>Writes what a strategy puts into a cell.</summary>
internal static class CellWriter
{
    public static void Write(Utf8JsonWriter writer, object? cell)
    {
        switch (cell)
        {
            case null: writer.WriteNullValue(); break;
            case string text: writer.WriteStringValue(text); break;
            case bool flag: writer.WriteBooleanValue(flag); break;
            case int number: writer.WriteNumberValue(number); break;
            case long number: writer.WriteNumberValue(number); break;
            case double number: GoFloats.Write(writer, number); break;
            case IEnumerable items: WriteAll(writer, items); break;
            case IFormattable other: writer.WriteStringValue(other.ToString(null, CultureInfo.InvariantCulture)); break;
            default: writer.WriteStringValue(cell.ToString()); break;
        }
    }

    private static void WriteAll(Utf8JsonWriter writer, IEnumerable items)
    {
        writer.WriteStartArray();
        foreach (var item in items)
        {
            Write(writer, item);
        }

        writer.WriteEndArray();
    }
}
