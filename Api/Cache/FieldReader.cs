using System.Text;
using System.Text.Json;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Cache;

/// <summary>Reads one scalar at a fixed path out of JSON bytes, without decoding the rest.</summary>
internal sealed class FieldReader(string path)
{
    private readonly byte[][] _segments = [.. path.Split('.').Select(Encoding.UTF8.GetBytes)];

    public string Path => path;

    /// <summary>The value as text; empty when absent, null or not a scalar.</summary>
    public string Read(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, CommittedJson.ReaderOptions);
        reader.Read();
        foreach (var segment in _segments)
        {
            if (reader.TokenType != JsonTokenType.StartObject || !Enter(ref reader, segment))
            {
                return "";
            }
        }

        return reader.TokenType switch
        {
            JsonTokenType.String => reader.GetString()!,
            JsonTokenType.True => "true",
            JsonTokenType.False => "false",
            JsonTokenType.Number => Encoding.UTF8.GetString(reader.ValueSpan),
            _ => "",
        };
    }

    private static bool Enter(ref Utf8JsonReader reader, byte[] property)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals(property);
            reader.Read();
            if (found)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }
}
