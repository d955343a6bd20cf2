using System.Text.Json;

namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>Reads JSON that we wrote ourselves.</summary>
public static class CommittedJson
{
    /// <summary>
    /// How deep it may be: twice what an object may have, because its owners of fields are nested as deep as it is, and
    /// lists, answers and documents put it into others.
    /// </summary>
    public const int MaxDepth = 1000;

    /// <summary>For readers of it.</summary>
    public static JsonReaderOptions ReaderOptions { get; } = new() { MaxDepth = MaxDepth };

    /// <summary>
    /// Goes from the start of an object to the value of one of its properties; false when it has none, or what begins
    /// here is no object.
    /// </summary>
    public static bool Find(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isFound = reader.ValueTextEquals(name);
            reader.Read();
            if (isFound)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }

    /// <summary>The same of properties of properties.</summary>
    public static bool Find(ref Utf8JsonReader reader, byte[][] path)
    {
        foreach (var name in path)
        {
            if (!Find(ref reader, name))
            {
                return false;
            }
        }

        return true;
    }
}
