using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>Writes definitions as OpenAPI v2 has them, from which the other documents follow.</summary>
/// <param name="catalogue">What is in the definitions.</param>
/// <param name="texts">Descriptions by model and by property.</param>
internal sealed class SchemaWriter(DefinitionCatalogue catalogue, IReadOnlyDictionary<string, string> texts)
{
    public const string ReferencePrefix = "#/definitions/";

    /// <summary>What no model describes, or describes for programmers only.</summary>
    private static readonly Dictionary<string, string> OwnTexts = new(StringComparer.Ordinal)
    {
        ["FieldsV1"] = "FieldsV1 is a set of fields: each key is a field, list item or value, and its value is the set of fields within.",
        ["IntOrString"] =
            "IntOrString is a number or a text, for example a port by number or by name, or a count or a percentage.",
        ["JSON"] = "JSON is any JSON value.",
        ["MicroTime"] = "MicroTime is a time with microseconds, as RFC 3339 writes it.",
        ["Patch"] = "Patch is a change to an object, in the form that the content type says.",
        ["Quantity"] =
            "Quantity is a decimal number, optionally with a suffix: a power of ten (n, u, m, k, M, G, T, P, E), a power of 1024 " +
            "(Ki, Mi, Gi, Ti, Pi, Ei) or a decimal exponent (e3). It has at most three decimal places and is written in canonical form: " +
            "without loss, without fractional digits, with the largest suffix of the kind that was given.",
        ["RawExtension"] = "RawExtension is an object of any kind.",
        ["Time"] = "Time is a time in whole seconds, as RFC 3339 writes it.",
    };

    public void Write(Utf8JsonWriter writer, string name)
    {
        var definition = catalogue[name];
        writer.WriteStartObject(name);
        WriteText(writer, OwnTexts.GetValueOrDefault(definition.ShortName) ?? Text(definition.Model));
        if (definition.Scalar is { } scalar)
        {
            WriteScalar(writer, scalar.Split('/'));
        }
        else
        {
            WriteStruct(writer, definition);
        }

        WriteKinds(writer, definition);
        if (definition.IsAtomic)
        {
            writer.WriteString("x-kubernetes-map-type", "atomic");
        }

        WriteUnion(writer, definition);
        writer.WriteEndObject();
    }

    private static void WriteScalar(Utf8JsonWriter writer, string[] parts)
    {
        if (parts.Length > 1)
        {
            writer.WriteString("format", parts[1]);
        }

        if (parts[0] != "any")
        {
            writer.WriteString("type", parts[0]);
        }
    }

    private void WriteStruct(Utf8JsonWriter writer, DefinitionFacts definition)
    {
        var properties = catalogue.Properties(definition);
        if (properties.Count > 0)
        {
            writer.WriteStartObject("properties");
            foreach (var property in properties)
            {
                WriteProperty(writer, definition, property);
            }

            writer.WriteEndObject();
        }

        var required = definition.Properties.Where(p => p.IsRequired).Select(p => p.Name).ToList();
        if (required.Count > 0)
        {
            Discovery.DiscoveryDocuments.WriteTexts(writer, "required", required);
        }

        writer.WriteString("type", "object");
    }

    private void WriteProperty(Utf8JsonWriter writer, DefinitionFacts definition, SchemaProperty property)
    {
        writer.WriteStartObject(property.Facts.Name);
        WriteType(writer, property.Type);
        WriteText(writer, property.ClrName is { } name ? Text($"{definition.Model}.{name}") : null);
        if (property.Facts.ListKeys.Count > 0)
        {
            Discovery.DiscoveryDocuments.WriteTexts(writer, "x-kubernetes-list-map-keys", property.Facts.ListKeys);
        }

        WriteMark(writer, "x-kubernetes-list-type", property.Facts.ListType);
        WriteMark(writer, "x-kubernetes-map-type", property.Facts.MapType);
        WriteMark(writer, "x-kubernetes-patch-merge-key", property.Field?.MergeKey);
        WriteMark(writer, "x-kubernetes-patch-strategy", PatchStrategy(property));
        writer.WriteEndObject();
    }

    private static string? PatchStrategy(SchemaProperty property) => property switch
    {
        { Facts.IsReplaced: true } => "replace",
        { Field: { Merges: true, RetainsKeys: true } } => "merge,retainKeys",
        { Field.Merges: true } => "merge",
        { Field.RetainsKeys: true } => "retainKeys",
        _ => null,
    };

    private static void WriteType(Utf8JsonWriter writer, SchemaType type)
    {
        if (type.Reference is { } reference)
        {
            writer.WriteString("$ref", ReferencePrefix + reference);
            return;
        }

        WriteNested(writer, "additionalProperties", type.Values);
        WriteMark(writer, "format", type.Format);
        WriteNested(writer, "items", type.Items);
        WriteMark(writer, "type", type.Name);
    }

    private static void WriteNested(Utf8JsonWriter writer, string name, SchemaType? type)
    {
        if (type is not null)
        {
            writer.WriteStartObject(name);
            WriteType(writer, type);
            writer.WriteEndObject();
        }
    }

    private void WriteKinds(Utf8JsonWriter writer, DefinitionFacts definition)
    {
        if (definition.Group is null && !definition.IsInAllGroups)
        {
            return;
        }

        var places = definition.IsInAllGroups ? catalogue.GroupVersions : [$"{definition.Group}/{definition.Version}"];
        writer.WriteStartArray("x-kubernetes-group-version-kind");
        foreach (var place in places)
        {
            var slash = place.IndexOf('/', StringComparison.Ordinal);
            writer.WriteStartObject();
            writer.WriteString("group", slash < 0 ? "" : place[..slash]);
            writer.WriteString("kind", definition.ShortName);
            writer.WriteString("version", place[(slash + 1)..]);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteUnion(Utf8JsonWriter writer, DefinitionFacts definition)
    {
        if (definition.Union is not var (discriminator, fields))
        {
            return;
        }

        writer.WriteStartArray("x-kubernetes-unions");
        writer.WriteStartObject();
        WriteMark(writer, "discriminator", discriminator.Length > 0 ? discriminator : null);
        writer.WriteStartObject("fields-to-discriminateBy");
        foreach (var field in fields)
        {
            writer.WriteString(field, char.ToUpperInvariant(field[0]) + field[1..]);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    private string? Text(string? member) => member is null ? null : texts.GetValueOrDefault(member);

    private static void WriteText(Utf8JsonWriter writer, string? text) =>
        WriteMark(writer, "description", string.IsNullOrEmpty(text) ? null : text);

    private static void WriteMark(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }
}
