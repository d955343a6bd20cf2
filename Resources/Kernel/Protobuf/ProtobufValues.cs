using System.Globalization;
using System.Text.Json;

namespace OrleansOrchestrator.Resources.Kernel.Protobuf;

/// <summary>Single values, and the small messages that are a single value in JSON.</summary>
internal static class ProtobufValues
{
    private const int MaxRawDepth = 400;

    /// <summary>Writes an integer or a truth value.</summary>
    public static void WriteVarint(Utf8JsonWriter writer, ProtobufKind kind, ulong value)
    {
        switch (kind)
        {
            case ProtobufKind.Bool:
                writer.WriteBooleanValue(value != 0);
                break;
            case ProtobufKind.Int32:
                writer.WriteNumberValue(unchecked((int)value));
                break;
            default:
                writer.WriteNumberValue(unchecked((long)value));
                break;
        }
    }

    /// <summary>Writes a value that is a run of bytes.</summary>
    public static void Write(Utf8JsonWriter writer, ProtobufKind kind, ReadOnlySpan<byte> data)
    {
        switch (kind)
        {
            case ProtobufKind.String:
                writer.WriteStringValue(data);
                break;
            case ProtobufKind.Bytes:
                writer.WriteBase64StringValue(data);
                break;
            case ProtobufKind.Time or ProtobufKind.MicroTime:
                WriteTime(writer, data, kind == ProtobufKind.MicroTime);
                break;
            case ProtobufKind.Quantity:
                var text = Payload(data, "String_");
                writer.WriteStringValue(data.IsEmpty ? "0"u8 : text);
                break;
            case ProtobufKind.IntOrString:
                WriteIntOrString(writer, data);
                break;
            case ProtobufKind.Raw:
                WriteRaw(writer, Payload(data, "Raw"));
                break;
            case ProtobufKind.Strings:
                WriteStrings(writer, data);
                break;
        }
    }

    /// <summary>
    /// Seconds (1) and nanoseconds (2) since 1970; nothing at all, and the year 1, are Go's zero time, which is null.
    /// </summary>
    private static void WriteTime(Utf8JsonWriter writer, ReadOnlySpan<byte> data, bool hasMicroseconds)
    {
        const long FirstSecond = -62135596800;
        const long LastSecond = 253402300799;
        const long NanosecondsASecond = 1_000_000_000;
        var (seconds, nanoseconds) = (0L, 0);
        var reader = new ProtobufReader(data);
        while (reader.Read())
        {
            switch (reader.Number)
            {
                case 1:
                    seconds = unchecked((long)Demand(reader, "Seconds"));
                    break;
                case 2:
                    nanoseconds = unchecked((int)Demand(reader, "Nanos"));
                    break;
            }
        }

        if (seconds is < FirstSecond or > LastSecond || nanoseconds is < 0 or >= (int)NanosecondsASecond)
        {
            throw new ProtobufException("Time.MarshalJSON: year outside of range [0,9999]");
        }

        if (data.IsEmpty || (seconds == FirstSecond && nanoseconds == 0))
        {
            writer.WriteNullValue();
            return;
        }

        // A Time drops what is below a second, a MicroTime what is below a microsecond, as upstream does when it reads
        // them.
        var time = DateTime.UnixEpoch.AddTicks(
            (seconds * TimeSpan.TicksPerSecond) + (nanoseconds / TimeSpan.NanosecondsPerTick));
        Span<byte> text = stackalloc byte[32];
        time.TryFormat(
            text,
            out var length,
            hasMicroseconds ? "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'" : "yyyy-MM-dd'T'HH:mm:ss'Z'",
            CultureInfo.InvariantCulture);
        writer.WriteStringValue(text[..length]);
    }

    /// <summary>Type (1), number (2) and text (3).</summary>
    private static void WriteIntOrString(Utf8JsonWriter writer, ReadOnlySpan<byte> data)
    {
        var (type, number) = (0L, 0);
        var text = ReadOnlySpan<byte>.Empty;
        var reader = new ProtobufReader(data);
        while (reader.Read())
        {
            switch (reader.Number)
            {
                case 1:
                    type = unchecked((long)Demand(reader, "Type"));
                    break;
                case 2:
                    number = unchecked((int)Demand(reader, "IntVal"));
                    break;
                case 3:
                    text = DemandBytes(reader, "StrVal");
                    break;
            }
        }

        switch (type)
        {
            case 0:
                writer.WriteNumberValue(number);
                break;
            case 1:
                writer.WriteStringValue(text);
                break;
            default:
                throw new ProtobufException("impossible IntOrString.Type");
        }
    }

    /// <summary>JSON inside protobuf is put through as it is, once it is known to be one value and no more.</summary>
    private static void WriteRaw(Utf8JsonWriter writer, ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty)
        {
            writer.WriteNullValue();
            return;
        }

        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxRawDepth });
            reader.Read();
            reader.Skip();
            reader.Read();
        }
        catch (JsonException)
        {
            throw new ProtobufException(Json.GoJson.FindError(json) ?? "invalid JSON in a raw field");
        }

        writer.WriteRawValue(json, skipInputValidation: true);
    }

    private static void WriteStrings(Utf8JsonWriter writer, ReadOnlySpan<byte> data)
    {
        writer.WriteStartArray();
        var reader = new ProtobufReader(data);
        while (reader.Read())
        {
            if (reader.Number == 1)
            {
                writer.WriteStringValue(DemandBytes(reader, "Items"));
            }
        }

        writer.WriteEndArray();
    }

    /// <summary>The only field of a message of one field.</summary>
    private static ReadOnlySpan<byte> Payload(ReadOnlySpan<byte> data, string field)
    {
        var payload = ReadOnlySpan<byte>.Empty;
        var reader = new ProtobufReader(data);
        while (reader.Read())
        {
            payload = reader.Number == 1 ? DemandBytes(reader, field) : payload;
        }

        return payload;
    }

    private static ulong Demand(ProtobufReader reader, string field) =>
        reader.Wire == WireType.Varint ? reader.Value : throw Wrong(reader.Wire, field);

    private static ReadOnlySpan<byte> DemandBytes(ProtobufReader reader, string field) =>
        reader.Wire == WireType.Bytes ? reader.Bytes : throw Wrong(reader.Wire, field);

    private static ProtobufException Wrong(WireType wire, string field) =>
        new($"proto: wrong wireType = {(int)wire} for field {field}");
}
