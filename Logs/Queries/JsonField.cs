using System.Buffers;
using System.Text;
using System.Text.Json;

namespace OrleansOrchestrator.Logs.Queries;

/// <summary>Looks for a field in a line of JSON, without making objects of it.</summary>
internal static class JsonField
{
    /// <summary>False for what is no JSON, and where the field has no plain value.</summary>
    public static bool Has(ReadOnlySpan<byte> line, string[] path, string value)
    {
        var reader = new Utf8JsonReader(line);
        try
        {
            return reader.Read() && reader.TokenType == JsonTokenType.StartObject && HasIn(ref reader, path, value);
        }
        catch (JsonException)
        {
            // Lines that only look like JSON are usual.
            return false;
        }
    }

    /// <summary>
    /// Of an object that has just begun: a name that has the whole rest of the path with its dots counts, too.
    /// </summary>
    private static bool HasIn(ref Utf8JsonReader reader, ReadOnlySpan<string> path, string value)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isLast = reader.ValueTextEquals(string.Join('.', path!));
            var isStep = !isLast && reader.ValueTextEquals(path[0]);
            reader.Read();
            if (isLast && ValueIs(ref reader, value))
            {
                return true;
            }

            if (isStep && path.Length > 1 && reader.TokenType == JsonTokenType.StartObject)
            {
                if (HasIn(ref reader, path[1..], value))
                {
                    return true;
                }

                continue;
            }

            reader.Skip();
        }

        return false;
    }

    private static bool ValueIs(ref Utf8JsonReader reader, string value) => reader.TokenType switch
    {
        JsonTokenType.String => reader.ValueTextEquals(value),
        JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null =>
            reader.ValueSpan.SequenceEqual(Encoding.UTF8.GetBytes(value)),
        _ => false,
    };
}
