using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel.Protobuf;

/// <summary>Single values, and the small messages that are a single value in JSON.</summary>
internal static class ProtobufValues
{
    private const int MaxRawDepth = 400;

    /// <summary>Writes a number or a truth value.</summary>
    public static void WriteNumber(Utf8JsonWriter writer, ProtobufKind kind, ulong value)
    {
        switch (kind)
        {
            case ProtobufKind.Bool:
                writer.WriteBooleanValue(value != 0);
                break;
            case ProtobufKind.Int32:
                writer.WriteNumberValue(unchecked((int)value));
                break;
            case ProtobufKind.Double when BitConverter.UInt64BitsToDouble(value) is var number:
                if (!double.IsFinite(number))
                {
                    throw new ProtobufException(
                        $"json: unsupported value: {(double.IsNaN(number) ? "NaN" : number > 0 ? "+Inf" : "-Inf")}");
                }

                writer.WriteNumberValue(number);
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

    /// <summary>Writes a value as the message or number that stands for it.</summary>
    /// <param name="writer">Takes it.</param>
    /// <param name="kind">What it is; no <see cref="ProtobufKind.Message"/>.</param>
    /// <param name="number">The field's.</param>
    /// <param name="json">The value, not null, as this server writes it.</param>
    public static void Write(ProtobufWriter writer, ProtobufKind kind, int number, ReadOnlySpan<byte> json)
    {
        switch (kind)
        {
            case ProtobufKind.Bool:
                writer.Number(number, json[0] == 't' ? 1 : 0);
                break;
            case ProtobufKind.Int32 or ProtobufKind.Int64:
                writer.Number(number, Integer(json));
                break;
            case ProtobufKind.Double:
                var isNumber = Utf8Parser.TryParse(json, out double value, out var length) && length == json.Length;
                Invariant.Check(isNumber, "stored numbers are numbers");
                writer.Double(number, value);
                break;
            case ProtobufKind.String:
                WriteText(writer, number, json);
                break;
            case ProtobufKind.Bytes:
                WriteBase64(writer, number, json);
                break;
            default:
                var start = writer.Open(number);
                WriteParts(writer, kind, json);
                writer.Close(start);
                break;
        }
    }

    /// <summary>Writes the text at which a reader stands.</summary>
    public static void WriteText(ProtobufWriter writer, int number, ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
        {
            writer.Bytes(number, reader.ValueSpan);
            return;
        }

        var start = writer.Open(number);
        writer.Advance(reader.CopyString(writer.Reserve(reader.ValueSpan.Length)));
        writer.Close(start);
    }

    private static void WriteText(ProtobufWriter writer, int number, ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        WriteText(writer, number, ref reader);
    }

    /// <summary>The fields of a value that is a message.</summary>
    private static void WriteParts(ProtobufWriter writer, ProtobufKind kind, ReadOnlySpan<byte> json)
    {
        switch (kind)
        {
            case ProtobufKind.Quantity:
                WriteText(writer, 1, json);
                break;
            case ProtobufKind.Raw:
                writer.Bytes(1, json);
                break;
            case ProtobufKind.Time or ProtobufKind.MicroTime:
                WriteTime(writer, json);
                break;
            case ProtobufKind.IntOrString when json[0] == '"':
                writer.Number(1, 1).Number(2, 0);
                WriteText(writer, 3, json);
                break;
            case ProtobufKind.IntOrString:
                writer.Number(1, 0).Number(2, Integer(json)).Bytes(3, []);
                break;
            case ProtobufKind.Strings:
                WriteStrings(writer, json);
                break;
        }
    }

    private static void WriteTime(ProtobufWriter writer, ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        var ticks = reader.GetDateTimeOffset().UtcTicks - DateTime.UnixEpoch.Ticks;
        var (seconds, rest) = Math.DivRem(ticks, TimeSpan.TicksPerSecond);
        (seconds, rest) = rest < 0 ? (seconds - 1, rest + TimeSpan.TicksPerSecond) : (seconds, rest);
        writer.Number(1, seconds).Number(2, rest * TimeSpan.NanosecondsPerTick);
    }

    private static void WriteStrings(ProtobufWriter writer, ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.String)
        {
            WriteText(writer, 1, ref reader);
        }
    }

    private static void WriteBase64(ProtobufWriter writer, int number, ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        writer.Bytes(number, reader.GetBytesFromBase64());
    }

    private static long Integer(ReadOnlySpan<byte> json)
    {
        var isInteger = Utf8Parser.TryParse(json, out long value, out var length) && length == json.Length;
        Invariant.Check(isInteger, "stored integers are integers");
        return value;
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

    /// <summary>JSON inside protobuf is put through, once it is known to be one value and no more.</summary>
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

        // What is no UTF-8 is read as replacement characters, as in JSON that comes on its own.
        writer.WriteRawValue(
            Utf8.IsValid(json) ? json : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(json)),
            skipInputValidation: true);
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
