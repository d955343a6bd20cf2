using System.Text.Json;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.Kernel.Protobuf;

/// <summary>
/// Turns an object's JSON, as this server writes it, into the message that upstream would write for it, byte for byte:
/// fields by number, values that are no pointers even when they are zero. JSON that is not of the object's schema is a
/// bug, since it was checked when it was written.
/// </summary>
public static class ProtobufEncoder
{
    private const int KeepCapacity = 256 * 1024;

    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = JsonDecoding.MaxDepth };

    [ThreadStatic]
    private static ProtobufWriter? _writer;

    /// <summary>The message of an object, without an envelope.</summary>
    /// <param name="schema">Of the object; it <see cref="ObjectSchema.HasMessage"/>.</param>
    /// <param name="json">The object.</param>
    public static byte[] Encode(ObjectSchema schema, ReadOnlySpan<byte> json)
    {
        var message = ProtobufSchema.Find(schema);
        Invariant.Check(message is not null, "only what has a message is written as one", schema);
        var writer = _writer ??= new ProtobufWriter();
        writer.Clear();
        try
        {
            WriteFields(writer, message, json);
            return writer.Written.ToArray();
        }
        finally
        {
            _writer = writer.Capacity > KeepCapacity ? null : writer;
        }
    }

    private static void WriteFields(ProtobufWriter writer, ProtobufMessage message, ReadOnlySpan<byte> json)
    {
        Span<Slot> slots = stackalloc Slot[message.Fields.Length];
        Scan(message, json, slots);
        foreach (var index in message.ByNumber)
        {
            var field = message.Fields[index];
            if (field.Shape == ProtobufShape.Inline)
            {
                WriteMessage(writer, field, json);
            }
            else if (slots[index].Length > 0)
            {
                WriteField(writer, field, json.Slice(slots[index].Start, slots[index].Length));
            }
            else if (field.WritesZero)
            {
                WriteZero(writer, field);
            }
        }
    }

    /// <summary>Where the value of each field is; <c>null</c> is none.</summary>
    private static void Scan(ProtobufMessage message, ReadOnlySpan<byte> json, Span<Slot> slots)
    {
        var reader = new Utf8JsonReader(json, ReaderOptions);
        var next = 0;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var index = message.IndexOf(reader.ValueSpan, next);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            var isNull = reader.TokenType == JsonTokenType.Null;
            reader.Skip();
            if (index >= 0 && !isNull)
            {
                slots[index] = new Slot(start, (int)reader.BytesConsumed - start);
                next = index + 1;
            }
        }
    }

    private static void WriteField(ProtobufWriter writer, ProtobufField field, ReadOnlySpan<byte> json)
    {
        switch (field.Shape)
        {
            case ProtobufShape.List:
                WriteList(writer, field, json);
                break;
            case ProtobufShape.Map:
                WriteMap(writer, field, json);
                break;
            default:
                WriteValue(writer, field, field.Number, json);
                break;
        }
    }

    private static void WriteList(ProtobufWriter writer, ProtobufField field, ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, ReaderOptions);
        reader.Read();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            WriteValue(writer, field, field.Number, Next(ref reader, json));
        }
    }

    private static void WriteMap(ProtobufWriter writer, ProtobufField field, ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, ReaderOptions);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var entry = writer.Open(field.Number);
            ProtobufValues.WriteText(writer, 1, ref reader);
            reader.Read();
            WriteValue(writer, field, 2, Next(ref reader, json));
            writer.Close(entry);
        }
    }

    private static ReadOnlySpan<byte> Next(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return json[start..(int)reader.BytesConsumed];
    }

    private static void WriteValue(ProtobufWriter writer, ProtobufField field, int number, ReadOnlySpan<byte> json)
    {
        if (field.Kind == ProtobufKind.Message)
        {
            WriteMessage(writer, field, json, number);
        }
        else if (field.Kind == ProtobufKind.Either)
        {
            WriteEither(writer, field.Message!, number, json);
        }
        else if (json.SequenceEqual("null"u8))
        {
            // In a list or map: Go's zero value, which for all that may be null there is nothing.
            writer.Bytes(number, []);
        }
        else
        {
            ProtobufValues.Write(writer, field.Kind, number, json);
        }
    }

    private static void WriteMessage(
        ProtobufWriter writer, ProtobufField field, ReadOnlySpan<byte> json, int? number = null)
    {
        var start = writer.Open(number ?? field.Number);
        WriteFields(writer, field.Message!, json);
        writer.Close(start);
    }

    /// <summary>An object, or what stands for it; a truth value is there, and true, beside an object too.</summary>
    private static void WriteEither(
        ProtobufWriter writer, ProtobufMessage message, int number, ReadOnlySpan<byte> json)
    {
        var (item, other) = (message.Fields[0], message.Fields[1]);
        var start = writer.Open(number);
        if (other.IsNumber)
        {
            writer.Number(other.Number, json[0] == 'f' ? 0 : 1);
        }

        if (json[0] == '{')
        {
            WriteMessage(writer, item, json);
        }
        else if (json[0] == '[')
        {
            WriteList(writer, other, json);
        }

        writer.Close(start);
    }

    private static void WriteZero(ProtobufWriter writer, ProtobufField field)
    {
        switch (field.Kind)
        {
            case ProtobufKind.Message:
                WriteMessage(writer, field, "{}"u8);
                break;
            case ProtobufKind.IntOrString or ProtobufKind.Bool or ProtobufKind.Int32 or ProtobufKind.Int64:
                ProtobufValues.Write(writer, field.Kind, field.Number, "0"u8);
                break;
            case ProtobufKind.Quantity:
                ProtobufValues.Write(writer, field.Kind, field.Number, "\"0\""u8);
                break;
            default:
                writer.Bytes(field.Number, []);
                break;
        }
    }

    private readonly record struct Slot(int Start, int Length);
}
