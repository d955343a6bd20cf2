using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources.Kernel.Ownership;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel.Json;

internal sealed class StringCodec : ScalarCodec<string>
{
    public override string GoType => "string";

    public override string Zero => "";

    public override string? Read(ref Utf8JsonReader reader, JsonDecoding decoding, string? existing, string goType)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return JsonStrings.Read(ref reader);
        }

        decoding.WrongType(ref reader, goType, GoType);
        return existing;
    }

    public override void Write(Utf8JsonWriter writer, string value, JsonEncoding encoding) =>
        writer.WriteStringValue(value);

    public override void WriteZero(Utf8JsonWriter writer, JsonEncoding encoding) => writer.WriteStringValue(""u8);

    public override bool IsZero(string value) => value.Length == 0;

    public override PathValue? KeyOf(string value) => PathValue.Of(value);

    public override PathElement? StepOf(string item, OwnedList list) =>
        list.IsSet ? PathElement.Value(PathValue.Of(item)) : null;
}

internal sealed class BoolCodec : ScalarCodec<bool>
{
    public override string GoType => "bool";

    public override bool Zero => false;

    public override bool Read(ref Utf8JsonReader reader, JsonDecoding decoding, bool existing, string goType)
    {
        if (reader.TokenType is JsonTokenType.True or JsonTokenType.False)
        {
            return reader.TokenType == JsonTokenType.True;
        }

        decoding.WrongType(ref reader, goType, GoType);
        return existing;
    }

    public override void Write(Utf8JsonWriter writer, bool value, JsonEncoding encoding) =>
        writer.WriteBooleanValue(value);

    public override void WriteZero(Utf8JsonWriter writer, JsonEncoding encoding) => writer.WriteBooleanValue(false);

    public override bool IsZero(bool value) => !value;

    public override PathValue? KeyOf(bool value) => PathValue.Of(value);
}

internal sealed class Int32Codec : ScalarCodec<int>
{
    public override string GoType => "int32";

    public override int Zero => 0;

    public override int Read(ref Utf8JsonReader reader, JsonDecoding decoding, int existing, string goType)
    {
        if (reader.TokenType != JsonTokenType.Number)
        {
            decoding.WrongType(ref reader, goType, GoType);
            return existing;
        }

        // GetInt32 would take 1.0 and 1e2, which Go's decoder refuses.
        if (Utf8Parser.TryParse(reader.ValueSpan, out int value, out var used) && used == reader.ValueSpan.Length)
        {
            return value;
        }

        if (decoding.TryConvertWhole(ref reader, out var whole) && whole is >= int.MinValue and <= int.MaxValue)
        {
            return (int)whole;
        }

        decoding.WrongNumber(ref reader, goType);
        return existing;
    }

    public override void Write(Utf8JsonWriter writer, int value, JsonEncoding encoding) =>
        writer.WriteNumberValue(value);

    public override void WriteZero(Utf8JsonWriter writer, JsonEncoding encoding) => writer.WriteNumberValue(0);

    public override bool IsZero(int value) => value == 0;

    public override PathValue? KeyOf(int value) => PathValue.Of(value);
}

internal sealed class Int64Codec : ScalarCodec<long>
{
    /// <summary>The first number that is too large, 2^63; the last one that is not is no double.</summary>
    private const double End = 9223372036854775808.0;

    public override string GoType => "int64";

    public override long Zero => 0;

    public override long Read(ref Utf8JsonReader reader, JsonDecoding decoding, long existing, string goType)
    {
        if (reader.TokenType != JsonTokenType.Number)
        {
            decoding.WrongType(ref reader, goType, GoType);
            return existing;
        }

        if (Utf8Parser.TryParse(reader.ValueSpan, out long value, out var used) && used == reader.ValueSpan.Length)
        {
            return value;
        }

        if (decoding.TryConvertWhole(ref reader, out var whole) && whole is >= -End and < End)
        {
            return (long)whole;
        }

        decoding.WrongNumber(ref reader, goType);
        return existing;
    }

    public override void Write(Utf8JsonWriter writer, long value, JsonEncoding encoding) =>
        writer.WriteNumberValue(value);

    public override void WriteZero(Utf8JsonWriter writer, JsonEncoding encoding) => writer.WriteNumberValue(0);

    public override bool IsZero(long value) => value == 0;

    public override PathValue? KeyOf(long value) => PathValue.Of(value);
}

internal sealed class DoubleCodec : ScalarCodec<double>
{
    public override string GoType => "float64";

    public override double Zero => 0;

    public override double Read(ref Utf8JsonReader reader, JsonDecoding decoding, double existing, string goType)
    {
        if (reader.TokenType != JsonTokenType.Number)
        {
            decoding.WrongType(ref reader, goType, GoType);
            return existing;
        }

        if (reader.TryGetDouble(out var value) && double.IsFinite(value))
        {
            return value;
        }

        decoding.WrongNumber(ref reader, goType);
        return existing;
    }

    public override void Write(Utf8JsonWriter writer, double value, JsonEncoding encoding) =>
        GoFloats.Write(writer, value);

    public override void WriteZero(Utf8JsonWriter writer, JsonEncoding encoding) => writer.WriteNumberValue(0);

    public override bool IsZero(double value) => value == 0;
}

/// <summary>A value type that a model may lack.</summary>
internal sealed class NullableCodec<T>(ValueCodec<T> inner) : ValueCodec<T?>
    where T : struct
{
    public override string GoType => inner.GoType;

    public override T? Zero => inner.Zero;

    public override T? Read(ref Utf8JsonReader reader, JsonDecoding decoding, T? existing, string goType)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return existing;
        }

        return inner.Read(ref reader, decoding, existing.GetValueOrDefault(), goType);
    }

    public override void Write(Utf8JsonWriter writer, T? value, JsonEncoding encoding) =>
        inner.Write(writer, value!.Value, encoding);

    public override void WriteZero(Utf8JsonWriter writer, JsonEncoding encoding) => inner.WriteZero(writer, encoding);

    public override bool IsZero(T? value) => inner.IsZero(value!.Value);

    public override Side<T?> ZeroSide => Wrap(inner.ZeroSide);

    public override bool AreAlike(T? left, T? right) => inner.AreAlike(left!.Value, right!.Value);

    public override void Compare(Side<T?> left, Side<T?> right, OwnedType type, FieldWalk walk) =>
        inner.Compare(Unwrap(left), Unwrap(right), type, walk);

    public override PathValue? KeyOf(T? value) => inner.KeyOf(value!.Value);

    private static Side<T?> Wrap(Side<T> side) =>
        side.HasValue ? Side<T?>.Of(side.Value) : side.IsAbsent ? Side<T?>.Absent : Side<T?>.Null;

    private static Side<T> Unwrap(Side<T?> side) =>
        side.HasValue ? Side<T>.Of(side.Value!.Value) : side.IsAbsent ? Side<T>.Absent : Side<T>.Null;
}

/// <summary>Base64.</summary>
internal sealed class BytesCodec : ValueCodec<byte[]>
{
    public override string GoType => "[]uint8";

    public override byte[] Zero => [];

    public override byte[]? Read(ref Utf8JsonReader reader, JsonDecoding decoding, byte[]? existing, string goType)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            decoding.WrongType(ref reader, goType, GoType);
            return existing;
        }

        if (!reader.ValueIsEscaped && !reader.ValueSpan.ContainsAny(" \t"u8)
            && reader.TryGetBytesFromBase64(out var value))
        {
            return value;
        }

        if (GoBase64.TryDecode(JsonStrings.Read(ref reader), out var bytes, out var badByte))
        {
            return bytes;
        }

        var prefix = decoding.Converts ? "error decoding from json: " : "";
        decoding.Fail($"{prefix}illegal base64 data at input byte {badByte}");
        return existing;
    }

    public override void Write(Utf8JsonWriter writer, byte[] value, JsonEncoding encoding) =>
        writer.WriteBase64StringValue(value);

    public override void WriteZero(Utf8JsonWriter writer, JsonEncoding encoding) => writer.WriteNullValue();

    public override bool IsZero(byte[] value) => value.Length == 0;
}

/// <summary>Strings as Go reads them: what is not Unicode becomes U+FFFD.</summary>
public static class JsonStrings
{
    public static string Read(ref Utf8JsonReader reader)
    {
        try
        {
            return SharedText.Read(ref reader);
        }
        catch (InvalidOperationException)
        {
            return Repair(reader.ValueSpan);
        }
    }

    /// <summary>Unescapes by hand: lone surrogates and broken UTF-8 are replaced.</summary>
    private static string Repair(ReadOnlySpan<byte> raw)
    {
        var text = Encoding.UTF8.GetString(raw);
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                result.Append(text[i]);
                continue;
            }

            i++;
            if (text[i] == 'u')
            {
                result.Append((char)Convert.ToUInt16(text.Substring(i + 1, 4), 16));
                i += 4;
            }
            else
            {
                result.Append(
                    text[i] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', 'b' => '\b', 'f' => '\f', var c => c });
            }
        }

        return ReplaceLoneSurrogates(result);
    }

    private static string ReplaceLoneSurrogates(StringBuilder text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(text[i]))
            {
                text[i] = '\uFFFD';
            }
        }

        return text.ToString();
    }
}
