using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>Writes definitions as OpenAPI v2 has them, from which the other documents follow.</summary>
/// <param name="catalogue">What is in the definitions.</param>
/// <param name="texts">Descriptions by model and by property.</param>
/// <param name="isSimple">Custom kinds as version 2 has them.</param>
internal sealed class SchemaWriter(
    DefinitionCatalogue catalogue, IReadOnlyDictionary<string, string> texts, bool isSimple)
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
        if ((isSimple ? definition.Simple : definition.Custom) is { } make)
        {
            writer.WritePropertyName(name);
            make().WriteTo(writer);
            return;
        }

        writer.WriteStartObject(name);
        WriteText(writer, OwnTexts.GetValueOrDefault(definition.ShortName) ?? Text(definition.Schema?.Model));
        if (definition.Schema is { } schema)
        {
            WriteStruct(writer, schema);
        }
        else
        {
            WriteScalar(writer, definition.Scalar!.Split('/'));
        }

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

    private void WriteStruct(Utf8JsonWriter writer, ObjectSchema schema)
    {
        if (schema.Fields.Count > 0)
        {
            var members = MembersOf(schema);
            writer.WriteStartObject("properties");
            foreach (var field in schema.Fields.OrderBy(f => f.Name, StringComparer.Ordinal))
            {
                WriteField(writer, field, members.GetValueOrDefault(field.Name));
            }

            writer.WriteEndObject();
        }

        if (schema.Required.Count > 0)
        {
            Discovery.DiscoveryDocuments.WriteTexts(writer, "required", schema.Required);
        }

        writer.WriteString("type", "object");
        WriteKinds(writer, schema);
        WriteMark(writer, "x-kubernetes-map-type", schema.IsAtomic ? "atomic" : null);
        WriteUnion(writer, schema.Union);
    }

    private void WriteField(Utf8JsonWriter writer, SchemaField field, string? member)
    {
        writer.WriteStartObject(field.Name);
        WriteType(writer, SchemaType.Of(field.Node));
        WriteText(writer, Text(member));
        if (field.Keys.Count > 0)
        {
            Discovery.DiscoveryDocuments.WriteTexts(writer, "x-kubernetes-list-map-keys", field.Keys);
        }

        var isMap = field.Node is MapSchema or ObjectSchema;
        WriteMark(writer, isMap ? "x-kubernetes-map-type" : "x-kubernetes-list-type", Name(field.Topology));
        WriteMark(writer, "x-kubernetes-patch-merge-key", field.MergeKey);
        WriteMark(writer, "x-kubernetes-patch-strategy", PatchStrategy(field));
        writer.WriteEndObject();
    }

    private static string? Name(Topology topology) => topology switch
    {
        Topology.Atomic => "atomic",
        Topology.Granular => "granular",
        Topology.Set => "set",
        Topology.Keyed => "map",
        _ => null,
    };

    private static string? PatchStrategy(SchemaField field) => field switch
    {
        { IsReplaced: true } => "replace",
        { Merges: true, RetainsKeys: true } => "merge,retainKeys",
        { Merges: true } => "merge",
        { RetainsKeys: true } => "retainKeys",
        _ => null,
    };

    /// <summary>The model's properties by their fields, as the texts name them: <c>V1Pod.Spec</c>.</summary>
    private static Dictionary<string, string> MembersOf(ObjectSchema schema) => schema.Model is not { } model
        ? []
        : typeof(V1Pod).Assembly.GetType($"{typeof(V1Pod).Namespace}.{model}", throwOnError: true)!.GetProperties()
            .Select(p => (p.Name, Json: p.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name))
            .Where(p => p.Json is not null)
            .ToDictionary(p => p.Json!, p => $"{model}.{p.Name}", StringComparer.Ordinal);

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

    private static void WriteKinds(Utf8JsonWriter writer, ObjectSchema schema)
    {
        if (schema.Kind is not { } kind)
        {
            return;
        }

        var places = kind.Group == "*" ? BuiltInSchema.GroupVersions : [$"{kind.Group}/{kind.Version}"];
        writer.WriteStartArray("x-kubernetes-group-version-kind");
        foreach (var place in places)
        {
            var slash = place.IndexOf('/', StringComparison.Ordinal);
            writer.WriteStartObject();
            writer.WriteString("group", slash < 0 ? "" : place[..slash]);
            writer.WriteString("kind", kind.Kind);
            writer.WriteString("version", place[(slash + 1)..]);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteUnion(Utf8JsonWriter writer, SchemaUnion? union)
    {
        if (union is null)
        {
            return;
        }

        writer.WriteStartArray("x-kubernetes-unions");
        writer.WriteStartObject();
        WriteMark(writer, "discriminator", union.Discriminator.Length > 0 ? union.Discriminator : null);
        writer.WriteStartObject("fields-to-discriminateBy");
        foreach (var field in union.Fields)
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
