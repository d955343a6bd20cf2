using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary><c>meta/v1 Time</c> and <c>MicroTime</c>.</summary>
internal sealed class TimeCodec(bool hasMicroseconds) : ValueCodec<DateTime>
{
    public override string GoType => hasMicroseconds ? "v1.MicroTime" : "v1.Time";

    public override DateTime Zero => default;

    public override DateTime Read(ref Utf8JsonReader reader, JsonDecoding decoding, DateTime existing, string goType)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return default;
        }

        if (reader.TokenType != JsonTokenType.String)
        {
            decoding.Fail(
                $"json: cannot unmarshal {JsonDecoding.Describe(reader.TokenType)} into Go value of type string");
            reader.Skip();
            return existing;
        }

        var text = JsonStrings.Read(ref reader);
        if (GoTime.TryParse(text, hasMicroseconds, out var time, out var error))
        {
            return time;
        }

        decoding.Fail(error);
        return existing;
    }

    public override void Write(Utf8JsonWriter writer, DateTime value, JsonEncoding encoding)
    {
        if (value == default)
        {
            writer.WriteNullValue();
            return;
        }

        Span<char> text = stackalloc char[32];
        var utc = value.Kind == DateTimeKind.Local ? value.ToUniversalTime() : value;
        utc.TryFormat(
            text,
            out var length,
            hasMicroseconds ? "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'" : "yyyy-MM-dd'T'HH:mm:ss'Z'",
            CultureInfo.InvariantCulture);
        writer.WriteStringValue(text[..length]);
    }

    public override void WriteZero(Utf8JsonWriter writer, JsonEncoding encoding) => writer.WriteNullValue();

    public override bool IsZero(DateTime value) => value == default;

    public override bool AreAlike(DateTime left, DateTime right) => left == right && left.Kind == right.Kind;
}

/// <summary>Resource quantities: strings or bare numbers, written canonically.</summary>
internal sealed class QuantityCodec : ValueCodec<ResourceQuantity>
{
    public override string GoType => "resource.Quantity";

    public override ResourceQuantity Zero => GoQuantity.Parse("0")!;

    public override ResourceQuantity? Read(
        ref Utf8JsonReader reader, JsonDecoding decoding, ResourceQuantity? existing, string goType)
    {
        var text = reader.TokenType switch
        {
            JsonTokenType.String => JsonStrings.Read(ref reader),
            JsonTokenType.Number => Encoding.UTF8.GetString(reader.ValueSpan),
            _ => null,
        };
        if (text is null)
        {
            return ReadOther(ref reader, decoding, existing);
        }

        if (GoQuantity.Parse(text.Trim(' '), out var error) is { } value)
        {
            return value;
        }

        decoding.Fail(error!);
        return existing;
    }

    public override void Write(Utf8JsonWriter writer, ResourceQuantity value, JsonEncoding encoding) =>
        writer.WriteStringValue(value.ToString());

    public override void WriteZero(Utf8JsonWriter writer, JsonEncoding encoding) => writer.WriteStringValue("0"u8);

    public override bool IsZero(ResourceQuantity value) => false;

    public override Side<ResourceQuantity> ZeroSide => Side<ResourceQuantity>.Of(Zero);

    public override bool AreAlike(ResourceQuantity left, ResourceQuantity right) =>
        left.ToString() == right.ToString();

    private static ResourceQuantity? ReadOther(
        ref Utf8JsonReader reader, JsonDecoding decoding, ResourceQuantity? existing)
    {
        if (reader.TokenType != JsonTokenType.Null)
        {
            decoding.Fail(GoQuantity.FormatError);
            reader.Skip();
        }

        return existing;
    }
}

/// <summary>A number, or a string that may look like one: the difference survives.</summary>
internal sealed class IntOrStringCodec : ValueCodec<IntOrString>
{
    public override string GoType => "intstr.IntOrString";

    public override IntOrString Zero => 0;

    public override IntOrString? Read(
        ref Utf8JsonReader reader, JsonDecoding decoding, IntOrString? existing, string goType)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                var text = JsonStrings.Read(ref reader);
                return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)
                    ? new NumericString(text)
                    : (IntOrString)text;
            case JsonTokenType.Number:
                var number = Encoding.UTF8.GetString(reader.ValueSpan);
                if (int.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
                {
                    return number;
                }

                decoding.Fail($"json: cannot unmarshal number {number} into Go value of type int32");
                return existing;
            case JsonTokenType.Null:
                return existing;
            default:
                decoding.Fail(
                    $"json: cannot unmarshal {JsonDecoding.Describe(reader.TokenType)} into Go value of type int32");
                reader.Skip();
                return existing;
        }
    }

    public override void Write(Utf8JsonWriter writer, IntOrString value, JsonEncoding encoding)
    {
        if (value is not NumericString &&
            int.TryParse(value.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            writer.WriteNumberValue(number);
        }
        else
        {
            writer.WriteStringValue(value.Value ?? "");
        }
    }

    public override void WriteZero(Utf8JsonWriter writer, JsonEncoding encoding) => writer.WriteNumberValue(0);

    public override bool IsZero(IntOrString value) => false;

    public override Side<IntOrString> ZeroSide => Side<IntOrString>.Of(Zero);

    public override bool AreAlike(IntOrString left, IntOrString right) =>
        left is NumericString == right is NumericString && left.Value == right.Value;

    /// <summary>A string that was given as a string although it reads like a number.</summary>
    internal sealed class NumericString : IntOrString
    {
        public NumericString(string text)
        {
            SetValue(this, text);
        }

        [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_Value")]
        private static extern void SetValue(IntOrString target, string value);
    }
}

/// <summary>Anything (RawExtension, FieldsV1, JSON): kept as it came.</summary>
internal sealed class RawCodec : ValueCodec<object>
{
    private static readonly JsonElement Null = JsonDocument.Parse("null").RootElement;

    public override string GoType => "interface {}";

    public override object Zero => Null;

    public override object? Read(ref Utf8JsonReader reader, JsonDecoding decoding, object? existing, string goType) =>
        reader.TokenType == JsonTokenType.Null ? existing : JsonElement.ParseValue(ref reader);

    public override void Write(Utf8JsonWriter writer, object value, JsonEncoding encoding)
    {
        if (value is JsonElement element)
        {
            element.WriteTo(writer);
        }
        else
        {
            JsonSerializer.Serialize(writer, value);
        }
    }

    public override void WriteZero(Utf8JsonWriter writer, JsonEncoding encoding) => writer.WriteNullValue();

    public override bool IsZero(object value) => false;
}
