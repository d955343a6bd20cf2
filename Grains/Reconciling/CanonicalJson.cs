using System.Buffers;
using System.Text.Json;
using k8s;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>
/// JSON in one form: keys sorted, no nulls. Two models that say the same have the same bytes, in whatever order their
/// maps were written.
/// </summary>
public static class CanonicalJson
{
    /// <summary>The canonical bytes of a model.</summary>
    public static byte[] Of(object model)
    {
        using var document = JsonDocument.Parse(KubernetesJson.Serialize(model));
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Write(writer, document.RootElement);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>FNV-1a, as upstream hashes templates.</summary>
    public static uint Hash(ReadOnlySpan<byte> bytes, uint seed = 2166136261)
    {
        foreach (var b in bytes)
        {
            seed = unchecked((seed ^ b) * 16777619);
        }

        return seed;
    }

    private static void Write(Utf8JsonWriter writer, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var property in element.EnumerateObject().OrderBy(p => p.Name, StringComparer.Ordinal))
                {
                    if (property.Value.ValueKind != JsonValueKind.Null)
                    {
                        writer.WritePropertyName(property.Name);
                        Write(writer, property.Value);
                    }
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in element.EnumerateArray())
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }
}
