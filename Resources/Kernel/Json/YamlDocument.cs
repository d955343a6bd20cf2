using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>A file that an administrator writes, in YAML or JSON, read as a document of known fields.</summary>
public static class YamlDocument
{
    /// <summary>Reads one; null of an empty file.</summary>
    /// <typeparam name="T">What it may say.</typeparam>
    /// <param name="text">The file.</param>
    /// <param name="type">How that is read.</param>
    /// <exception cref="FormatException">It is neither YAML nor JSON, or not of these fields.</exception>
    public static T? Read<T>(ReadOnlySpan<byte> text, JsonTypeInfo<T> type)
    {
        var converted = YamlConverter.ToJson(text);
        if ((converted.Error ?? converted.DuplicateKeys) is { } error)
        {
            throw new FormatException(error);
        }

        try
        {
            return JsonSerializer.Deserialize(converted.Json.Span, type);
        }
        catch (JsonException wrong)
        {
            throw new FormatException($"{wrong.Path}: no such field, or not of its type");
        }
    }
}
