using System.Text.Json;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>
/// How values of OpenAPI documents become fields of gnostic's messages. What has another form than it should is left
/// out.
/// </summary>
internal static class SwaggerFields
{
    /// <summary>One of two: what it is, or where that is told.</summary>
    public static SwaggerField OrReference(SwaggerField write) => (to, number, value) => to.Message(number, item =>
    {
        if (TextOf(value, "$ref") is { } reference)
        {
            item.Message(2, r => r.Text(1, reference));
        }
        else
        {
            write(item, 1, value);
        }
    });

    /// <summary>An object.</summary>
    public static SwaggerField Of(SwaggerMessage message) => (to, number, value) =>
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            to.Message(number, m => message.Write(m, value));
        }
    };

    /// <summary>A value that is the only field of a message.</summary>
    public static SwaggerField Inside(int field, SwaggerField write) =>
        (to, number, value) => to.Message(number, m => write(m, field, value));

    /// <summary>A list.</summary>
    public static SwaggerField Each(SwaggerField write) => (to, number, value) =>
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in value.EnumerateArray())
            {
                write(to, number, item);
            }
        }
    };

    /// <summary>A map, which is a list of names and values.</summary>
    public static SwaggerField Map(int field, SwaggerField write)
    {
        var entries = new SwaggerMessage(field) { Others = (field, write) };
        return Of(entries);
    }

    /// <summary>The value is YAML text, and JSON is YAML.</summary>
    public static void Any(ProtobufWriter to, int number, JsonElement value) =>
        to.Message(number, any => any.Text(2, value.GetRawText()));

    public static void Text(ProtobufWriter to, int number, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            to.Text(number, value.GetString());
        }
    }

    public static void Flag(ProtobufWriter to, int number, JsonElement value) =>
        to.Flag(number, value.ValueKind == JsonValueKind.True);

    public static void Real(ProtobufWriter to, int number, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Number)
        {
            to.Double(number, value.GetDouble());
        }
    }

    public static void Integer(ProtobufWriter to, int number, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var integer))
        {
            to.Number(number, integer);
        }
    }

    public static string? TextOf(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var text)
            && text.ValueKind == JsonValueKind.String
            ? text.GetString()
            : null;
}
