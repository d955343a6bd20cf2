using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.Kernel.Protobuf;

/// <summary>
/// Turns an object in protobuf into the JSON that upstream would have written for it, which the strict decoder then
/// reads like any other.
/// </summary>
/// <remarks>
/// A message is walked once; its known fields leave their place in slots on the stack, so that fields come out whole
/// and in the table's order whatever the order they came in: of a single value the last one counts, messages that come
/// in parts are merged, and lists and maps are walked again from their first element to their last. The work is bounded
/// by the number of fields times the bytes, the stack by
/// <see cref="MaxDepth"/>, the output by <see cref="MaxJsonBytes"/>. Fields with unknown numbers are skipped.
/// </remarks>
public static class ProtobufTranscoder
{
    /// <summary>Nesting of messages that is accepted; the API's own goes to about fifteen.</summary>
    public const int MaxDepth = 64;

    /// <summary>JSON is at most a few times as long as protobuf, unless somebody works at it.</summary>
    public const int MaxJsonBytes = 32 * 1024 * 1024;

    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true, MaxDepth = 4 * MaxDepth,
    };

    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    /// <summary>
    /// Writes an object's JSON; throws <see cref="ProtobufException"/> when the bytes are no such object.
    /// </summary>
    /// <param name="schema">Of the object; it <see cref="ObjectSchema.HasMessage"/>.</param>
    /// <param name="envelope">The object, and the kind and apiVersion that its JSON is to have.</param>
    /// <param name="output">Takes the JSON.</param>
    public static void WriteJson(ObjectSchema schema, ProtobufEnvelope envelope, IBufferWriter<byte> output)
    {
        var writer = Begin(envelope, output);
        var message = ProtobufSchema.Find(schema);
        Invariant.Check(message is not null, "only what has a message is read from one", schema);
        WriteFields(writer, message, envelope.Raw, 1);
        writer.WriteEndObject();
        writer.Flush();
    }

    /// <summary>
    /// Writes the JSON of an object of which only kind and apiVersion matter, because they are wrong.
    /// </summary>
    public static void WriteTypeMeta(ProtobufEnvelope envelope, IBufferWriter<byte> output)
    {
        var writer = Begin(envelope, output);
        writer.WriteEndObject();
        writer.Flush();
    }

    private static Utf8JsonWriter Begin(ProtobufEnvelope envelope, IBufferWriter<byte> output)
    {
        var writer = _writer ??= new Utf8JsonWriter(output, WriterOptions);
        writer.Reset(output);
        writer.WriteStartObject();
        if (envelope.Kind.Length > 0)
        {
            writer.WriteString("kind"u8, envelope.Kind);
        }

        if (envelope.ApiVersion.Length > 0)
        {
            writer.WriteString("apiVersion"u8, envelope.ApiVersion);
        }

        return writer;
    }

    private static void WriteFields(Utf8JsonWriter writer, ProtobufMessage message, ReadOnlySpan<byte> data, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new ProtobufException($"proto: messages are nested deeper than {MaxDepth}");
        }

        if (writer.BytesCommitted + writer.BytesPending > MaxJsonBytes)
        {
            throw new ProtobufException($"proto: the message is longer than {MaxJsonBytes} bytes in JSON");
        }

        Span<Slot> slots = stackalloc Slot[message.Fields.Length];
        Scan(message, data, slots);
        for (var i = 0; i < slots.Length; i++)
        {
            if (slots[i].Count > 0)
            {
                WriteField(writer, message.Fields[i], data, slots[i], depth);
            }
        }
    }

    private static void Scan(ProtobufMessage message, ReadOnlySpan<byte> data, Span<Slot> slots)
    {
        var reader = new ProtobufReader(data);
        for (var first = 0; reader.Read(); first = reader.Position)
        {
            var index = message.IndexOf(reader.Number);
            if (index < 0)
            {
                continue;
            }

            var field = message.Fields[index];
            var isPacked = field is { IsVarint: true, Shape: ProtobufShape.List } && reader.Wire == WireType.Bytes;
            if (reader.Wire != field.Wire && !isPacked)
            {
                throw field.Wrong(reader.Wire);
            }

            ref var slot = ref slots[index];
            slot.First = slot.Count++ == 0 ? first : slot.First;
            slot.End = reader.Position;
            slot.Value = reader.Value;
            slot.Start = reader.Start;
            slot.Length = reader.Length;
        }
    }

    private static void WriteField(
        Utf8JsonWriter writer, ProtobufField field, ReadOnlySpan<byte> data, Slot slot, int depth)
    {
        switch (field.Shape)
        {
            case ProtobufShape.Single when field.IsNumber:
                if (slot.Value != 0 || !field.OmitsZero)
                {
                    writer.WritePropertyName(field.Name);
                    ProtobufValues.WriteNumber(writer, field.Kind, slot.Value);
                }

                break;
            case ProtobufShape.Single:
                WriteSingle(writer, field, Last(field, data, slot), depth);
                break;
            case ProtobufShape.Inline:
                WriteFields(writer, field.Message!, Last(field, data, slot), depth + 1);
                break;
            case ProtobufShape.List:
                writer.WritePropertyName(field.Name);
                WriteList(writer, field, data[slot.First..slot.End], depth);
                break;
            case ProtobufShape.Map:
                WriteMap(writer, field, data[slot.First..slot.End], depth);
                break;
        }
    }

    private static void WriteSingle(Utf8JsonWriter writer, ProtobufField field, ReadOnlySpan<byte> data, int depth)
    {
        // Strings and bytes may be empty; an empty time, and JSON that is not there, are null in Go.
        var mayOmit = field.Kind switch
        {
            ProtobufKind.String or ProtobufKind.Bytes => field.OmitsZero,
            ProtobufKind.Time or ProtobufKind.MicroTime or ProtobufKind.Raw => true,
            _ => false,
        };
        if (!mayOmit || !data.IsEmpty)
        {
            writer.WritePropertyName(field.Name);
            WriteValue(writer, field, data, depth);
        }
    }

    private static void WriteList(Utf8JsonWriter writer, ProtobufField field, ReadOnlySpan<byte> data, int depth)
    {
        writer.WriteStartArray();
        var reader = new ProtobufReader(data);
        while (reader.Read())
        {
            if (reader.Number != field.Number)
            {
                continue;
            }

            if (!field.IsVarint)
            {
                WriteValue(writer, field, reader.Bytes, depth);
            }
            else if (reader.Wire == WireType.Varint)
            {
                ProtobufValues.WriteNumber(writer, field.Kind, reader.Value);
            }
            else
            {
                WritePacked(writer, field, reader.Bytes);
            }
        }

        writer.WriteEndArray();
    }

    private static void WritePacked(Utf8JsonWriter writer, ProtobufField field, ReadOnlySpan<byte> data)
    {
        var reader = new ProtobufReader(data);
        while (reader.Position < data.Length)
        {
            ProtobufValues.WriteNumber(writer, field.Kind, reader.ReadVarint());
        }
    }

    private static void WriteMap(Utf8JsonWriter writer, ProtobufField field, ReadOnlySpan<byte> data, int depth)
    {
        writer.WriteStartObject(field.Name);
        var reader = new ProtobufReader(data);
        while (reader.Read())
        {
            if (reader.Number != field.Number)
            {
                continue;
            }

            ReadEntry(field, reader.Bytes, out var key, out var value);
            writer.WritePropertyName(key);
            WriteValue(writer, field, value, depth);
        }

        writer.WriteEndObject();
    }

    private static void ReadEntry(
        ProtobufField field, ReadOnlySpan<byte> entry, out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        key = value = default;
        var reader = new ProtobufReader(entry);
        while (reader.Read())
        {
            if (reader.Number > 2)
            {
                continue;
            }

            if (reader.Wire != WireType.Bytes)
            {
                throw field.Wrong(reader.Wire);
            }

            key = reader.Number == 1 ? reader.Bytes : key;
            value = reader.Number == 2 ? reader.Bytes : value;
        }
    }

    private static void WriteValue(Utf8JsonWriter writer, ProtobufField field, ReadOnlySpan<byte> data, int depth)
    {
        if (field.Kind == ProtobufKind.Either)
        {
            WriteEither(writer, field.Message!, data, depth);
        }
        else if (field.Message is { } message)
        {
            writer.WriteStartObject();
            WriteFields(writer, message, data, depth + 1);
            writer.WriteEndObject();
        }
        else
        {
            ProtobufValues.Write(writer, field.Kind, data);
        }
    }

    /// <summary>The object when there is one, else the other thing.</summary>
    private static void WriteEither(Utf8JsonWriter writer, ProtobufMessage message, ReadOnlySpan<byte> data, int depth)
    {
        Span<Slot> slots = stackalloc Slot[2];
        Scan(message, data, slots);
        var (item, other) = (message.Fields[0], message.Fields[1]);
        if (slots[0].Count > 0)
        {
            WriteValue(writer, item, Last(item, data, slots[0]), depth + 1);
        }
        else if (other.IsNumber)
        {
            ProtobufValues.WriteNumber(writer, other.Kind, slots[1].Value);
        }
        else
        {
            WriteList(writer, other, data[slots[1].First..slots[1].End], depth + 1);
        }
    }

    /// <summary>
    /// The bytes of a value that occurs once. A message may come in parts; one after the other they are the whole. No
    /// part is copied more than once a level, so copies stay below the size of the body times the nesting of the API.
    /// </summary>
    private static ReadOnlySpan<byte> Last(ProtobufField field, ReadOnlySpan<byte> data, Slot slot)
    {
        if (slot.Count == 1 || field.Kind is ProtobufKind.String or ProtobufKind.Bytes)
        {
            return data.Slice(slot.Start, slot.Length);
        }

        var whole = new ArrayBufferWriter<byte>(slot.End - slot.First);
        var reader = new ProtobufReader(data[slot.First..slot.End]);
        while (reader.Read())
        {
            if (reader.Number == field.Number)
            {
                whole.Write(reader.Bytes);
            }
        }

        return whole.WrittenSpan;
    }

    /// <summary>Where the values of a field are.</summary>
    private struct Slot
    {
        public int Count;
        public int First;
        public int End;
        public int Start;
        public int Length;
        public ulong Value;
    }
}
