using System.Collections;
using System.Text.Json;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>Writes a JSON value as a field of a message.</summary>
internal delegate void SwaggerField(ProtobufWriter to, int number, JsonElement value);

/// <summary>Which field of a JSON object becomes which of a message.</summary>
/// <param name="extensions">The field for what begins with <c>x-</c>.</param>
internal sealed class SwaggerMessage(int extensions) : IEnumerable
{
    private readonly Dictionary<string, (int Number, SwaggerField Write)> _fields = new(StringComparer.Ordinal);

    /// <summary>Where all other fields go, each with its name; nowhere unless told.</summary>
    public (int Number, SwaggerField Write)? Others { get; init; }

    public void Add(string name, int number, SwaggerField write) => _fields.Add(name, (number, write));

    /// <summary>The same with one field more.</summary>
    public SwaggerMessage With(string name, int number, SwaggerField write)
    {
        Add(name, number, write);
        return this;
    }

    /// <summary>Writes an object's fields.</summary>
    public void Write(ProtobufWriter to, JsonElement value)
    {
        foreach (var property in value.EnumerateObject())
        {
            if (_fields.TryGetValue(property.Name, out var field))
            {
                field.Write(to, field.Number, property.Value);
            }
            else if (Others is { } others && (others.Number == extensions || !IsExtension(property.Name)))
            {
                WriteNamed(to, others.Number, property, others.Write);
            }
            else if (IsExtension(property.Name))
            {
                WriteNamed(to, extensions, property, SwaggerFields.Any);
            }
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => _fields.GetEnumerator();

    private static bool IsExtension(string name) => name.StartsWith("x-", StringComparison.Ordinal);

    private static void WriteNamed(ProtobufWriter to, int number, JsonProperty property, SwaggerField write) =>
        to.Message(number, named =>
        {
            named.Text(1, property.Name);
            write(named, 2, property.Value);
        });
}
