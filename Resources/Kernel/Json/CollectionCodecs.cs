using System.Text.Json;

namespace OrleansOrchestrator.Resources.Kernel.Json;

internal sealed class ListCodec<T>(ValueCodec<T> element) : ValueCodec<IList<T>>
{
    public override string GoType => "[]" + element.GoType;

    public override IList<T> Zero => [];

    public override IList<T>? Read(ref Utf8JsonReader reader, JsonDecoding decoding, IList<T>? existing, string goType)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            decoding.WrongType(ref reader, goType);
            return existing;
        }

        var result = new List<T>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            decoding.PushIndex(result.Count);
            var value = element.Read(ref reader, decoding, element.Zero, element.GoType);
            decoding.Pop();
            result.Add(value ?? element.Zero);
        }

        return result;
    }

    public override void Write(Utf8JsonWriter writer, IList<T> value, JsonEncoding encoding)
    {
        writer.WriteStartArray();
        for (var i = 0; i < value.Count; i++)
        {
            if (value[i] is { } item)
            {
                element.Write(writer, item, encoding);
            }
            else
            {
                element.WriteZero(writer, encoding);
            }
        }

        writer.WriteEndArray();
    }

    public override void WriteZero(Utf8JsonWriter writer, JsonEncoding encoding) => writer.WriteNullValue();

    public override bool IsZero(IList<T> value) => value.Count == 0;
}

/// <summary>Maps are written in the order of their keys, as Go does: equal content gives equal bytes.</summary>
internal sealed class MapCodec<T>(ValueCodec<T> element) : ValueCodec<IDictionary<string, T>>
{
    public override string GoType => "map[string]" + element.GoType;

    public override IDictionary<string, T> Zero => new Dictionary<string, T>(StringComparer.Ordinal);

    public override IDictionary<string, T>? Read(
        ref Utf8JsonReader reader, JsonDecoding decoding, IDictionary<string, T>? existing, string goType)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            decoding.WrongType(ref reader, goType);
            return existing;
        }

        var result = existing ?? new Dictionary<string, T>(StringComparer.Ordinal);
        var seen = result.Count == 0 ? result : new Dictionary<string, T>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var key = JsonStrings.Read(ref reader);
            if (seen.ContainsKey(key))
            {
                decoding.Duplicate(key);
            }

            reader.Read();
            decoding.PushKey(key);
            var value = element.Read(ref reader, decoding, default, element.GoType) ?? element.Zero;
            decoding.Pop();
            result[key] = value;
            seen[key] = value;
        }

        return result;
    }

    public override void Write(Utf8JsonWriter writer, IDictionary<string, T> value, JsonEncoding encoding)
    {
        writer.WriteStartObject();
        if (value.Count <= 1)
        {
            foreach (var (key, item) in value)
            {
                WriteItem(writer, key, item, encoding);
            }
        }
        else
        {
            var keys = new string[value.Count];
            value.Keys.CopyTo(keys, 0);
            Array.Sort(keys, StringComparer.Ordinal);
            foreach (var key in keys)
            {
                WriteItem(writer, key, value[key], encoding);
            }
        }

        writer.WriteEndObject();
    }

    public override void WriteZero(Utf8JsonWriter writer, JsonEncoding encoding) => writer.WriteNullValue();

    public override bool IsZero(IDictionary<string, T> value) => value.Count == 0;

    private void WriteItem(Utf8JsonWriter writer, string key, T item, JsonEncoding encoding)
    {
        writer.WritePropertyName(key);
        if (item is null)
        {
            element.WriteZero(writer, encoding);
        }
        else
        {
            element.Write(writer, item, encoding);
        }
    }
}
